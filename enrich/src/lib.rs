//! The pure steps of the path: bytes become events, and events lose their secrets.

mod normalize;
