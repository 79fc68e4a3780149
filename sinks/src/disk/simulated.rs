//! A file system in memory that loses, tears and refuses writes as told.
