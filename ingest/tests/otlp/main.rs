//! OTLP in, end to end: real sockets, a pipeline that answers as each test says.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod support;
