//! What Assay does to a module before any engine sees it, and what it reads from one.
