//! The stress generators, on the reference interpreter: their models and it must be of one mind.

mod agreement;
mod canaries;
mod common;
mod corners;
mod lists;
