//! Campaigns: many cases, on many workers, into one folder.
