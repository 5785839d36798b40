//! Names of symbols.

/// The name as in the source, without the hash of the build.
pub(crate) fn demangled(symbol: &str) -> String {
    match rustc_demangle::try_demangle(symbol) {
        Ok(name) => format!("{name:#}"),
        Err(_) => symbol.into(),
    }
}

/// Compilers split rare code off under the function's name with one of these behind it.
const PARTS: [&str; 2] = [".cold", ".part"];

/// The symbol of the function that a part was split off from: of `f.cold.1` it is `f`.
pub(crate) fn whole(symbol: &str) -> Option<&str> {
    let unnumbered = symbol.trim_end_matches(|c: char| c.is_ascii_digit());
    let unnumbered = unnumbered.strip_suffix('.').unwrap_or(symbol);
    PARTS.iter().find_map(|part| unnumbered.strip_suffix(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_go() {
        for (symbol, expected) in [
            ("_ZN1a1b17h0123456789abcdefE", "a::b"),
            ("_ZN1a1b17h0123456789abcdefE.llvm.12345", "a::b"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("malloc", "malloc"),
        ] {
            assert_eq!(demangled(symbol), expected);
        }
    }

    #[test]
    fn parts_belong_to_a_whole() {
        for (symbol, expected) in [
            ("f.cold", Some("f")),
            ("f.cold.1", Some("f")),
            ("f.part.0", Some("f")),
            ("f.llvm.1", None),
            ("f", None),
            ("f.1", None),
        ] {
            assert_eq!(whole(symbol), expected, "{symbol}");
        }
    }
}
