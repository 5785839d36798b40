//! The fuzz targets and the one table that lists them.
