//! image-enroll
mod domain;
