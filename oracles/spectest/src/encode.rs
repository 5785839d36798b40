//! Modules of scripts in the binary format.

use assay_module::Info;
use wast::{QuoteWat, Wat};

/// A module, and what it declares.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub wasm: Vec<u8>,
    /// Nothing where the module does not decode.
    pub info: Info,
}

impl Unit {
    /// A module in the binary format.
    pub fn new(wasm: Vec<u8>) -> Self {
        let info = Info::read(&wasm).unwrap_or_default();
        Self { wasm, info }
    }

    /// Encodes a module of a script.
    pub fn encode(wat: &mut QuoteWat<'_>) -> Result<Self, String> {
        let wasm = wat.encode().map_err(|error| error.to_string())?;
        Ok(Self::new(wasm))
    }

    /// Encodes a module of a script that is not quoted.
    pub fn encode_wat(wat: Wat<'_>) -> Result<Self, String> {
        Self::encode(&mut QuoteWat::Wat(wat))
    }

    /// A module of ours in the text format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wasm = wat::parse_str(text).map_err(|error| error.to_string())?;
        Ok(Self::new(wasm))
    }
}
