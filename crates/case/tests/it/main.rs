//! The case format, from outside.

mod arbitrary;
mod complaints;
mod damage;
mod files;
mod golden;
mod modules;
mod round_trip;
mod runner;
mod samples;
