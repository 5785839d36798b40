//! Names of functions and files, cut to what does not change from build to build.

/// A function's name without its generic arguments, as reports have it.
pub fn without_arguments(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut depth = 0u32;
    let mut last = ' ';
    for letter in name.chars() {
        match letter {
            '<' if depth > 0 || last.is_alphanumeric() || matches!(last, '_' | ':' | '}') => {
                if depth == 0 && out.ends_with("::") {
                    out.truncate(out.len() - 2);
                }
                depth += 1;
            }
            '>' if depth > 0 && last != '-' => depth -= 1,
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
        last = letter;
    }
    out
}

/// The crate that a function belongs to: of `<a::B as c::D>::e` it is `a`, and `c` where the type is
/// of no crate (`<[T] as c::D>::e`).
pub fn crate_of(name: &str) -> &str {
    let inner = name.trim_start_matches(['<', '&', '*', '[', '(']);
    let inner = ["mut ", "const ", "dyn "]
        .iter()
        .fold(inner, |inner, word| {
            inner.strip_prefix(word).unwrap_or(inner)
        })
        .trim_start_matches(['<', '&', '*', '[', '(']);
    let end = inner
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(inner.len());
    let (first, rest) = inner.split_at(end);
    if rest.starts_with("::") || !name.starts_with('<') {
        return first;
    }
    match name.split_once(" as ") {
        Some((_, behind)) => crate_of(behind),
        None => first,
    }
}

/// What a function is called in every build: its own name, without the path before it, which is there or
/// not as the level of debug information has it, and as it was inlined or not. What has no name is
/// called after what it is in, where that is told: closures by the function around them.
///
/// `None` for a closure of which no more is known than that it is one.
pub(crate) fn own_name(function: &str) -> Option<String> {
    let mut anonymous = "";
    for segment in function.rsplit("::") {
        if segment.starts_with('{') {
            anonymous = "::{closure}";
            continue;
        }
        let is_part = |letter: char| letter.is_alphanumeric() || "_.+".contains(letter);
        let name: String = segment
            .chars()
            .take_while(|letter| is_part(*letter))
            .collect();
        let plain = name.len() == segment.len();
        return (plain && !name.is_empty()).then(|| format!("{name}{anonymous}"));
    }
    None
}

/// Whether it is a future, which is not polled from where it was made: what is around it in the source
/// is not what is around it on the stack.
pub(crate) fn is_future(function: &str) -> bool {
    function.starts_with("{async") || function.contains("::{async")
}

/// A file from its package on: without the registry and the version for a package of the registry,
/// and without the folders above the package for one of the workspace.
pub(crate) fn file(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let known = ["src", "tests", "benches", "examples"];
    let Some(place) = parts.iter().rposition(|part| known.contains(part)) else {
        return parts.last().copied().unwrap_or_default().into();
    };
    let package = place.checked_sub(1).and_then(|at| parts.get(at)).copied();
    let mut kept = vec![unversioned(package.unwrap_or_default())];
    kept.extend(parts.iter().skip(place));
    kept.retain(|part| !part.is_empty());
    kept.join("/")
}

/// `wasmtime-48.0.8` → `wasmtime`.
fn unversioned(package: &str) -> &str {
    match package.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => name,
        _ => package,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_arguments_go_and_impls_stay() {
        for (name, expected) in [
            ("a::b::<u8>::c", "a::b::c"),
            ("a::Vec<T>::push", "a::Vec::push"),
            (
                "<a::Vec<T> as b::From<&[u8]>>::from",
                "<a::Vec as b::From>::from",
            ),
            ("a::b<fn(u8) -> u8>::c::{{closure}}", "a::b::c::{{closure}}"),
            ("{closure#1}<a::b::{closure_env#0}>", "{closure#1}"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_arguments(name), expected);
        }
    }

    #[test]
    fn the_own_name_is_the_same_whatever_is_told_around_it() {
        for (name, expected) in [
            ("new", Some("new")),
            ("a::b::Engine::new", Some("new")),
            ("<a::Engine>::new", Some("new")),
            ("<a::Engine as b::New>::new", Some("new")),
            ("a::{impl#3}::new", Some("new")),
            ("a::_::deserialize", Some("deserialize")),
            ("a::new::{closure#0}", Some("new::{closure}")),
            ("a::new::{{closure}}", Some("new::{closure}")),
            ("a::new::{closure#1}::{closure#7}", Some("new::{closure}")),
            ("<a::B as c::D>::e::{closure#2}", Some("e::{closure}")),
            ("{closure#0}", None),
            ("{async_fn#0}", None),
            ("libc.so.6+0x3c050", Some("libc.so.6+0x3c050")),
            ("generated code", None),
            ("", None),
        ] {
            assert_eq!(own_name(name).as_deref(), expected, "{name}");
        }
        assert!(is_future("{async_fn#0}") && is_future("a::{async_block#1}"));
        assert!(!is_future("{closure#0}"));
    }

    #[test]
    fn the_crate_is_that_of_the_type_or_else_of_the_trait() {
        for (name, expected) in [
            ("a::b::c", "a"),
            ("<a::Vec<T> as core::From<u8>>::from", "a"),
            ("<[T] as alloc::slice::ToVec>::to_vec", "alloc"),
            ("<T as alloc::string::ToString>::to_string", "alloc"),
            ("<&mut a::B as core::fmt::Write>::write_str", "a"),
            ("malloc", "malloc"),
        ] {
            assert_eq!(crate_of(name), expected);
        }
    }

    #[test]
    fn files_lose_what_is_above_their_package() {
        for (path, expected) in [
            (
                "/x/registry/src/index-1/wasmtime-48.0.8/src/runtime/a.rs",
                "wasmtime/src/runtime/a.rs",
            ),
            ("crates/oom/tests/canaries.rs", "oom/tests/canaries.rs"),
            ("/x/serde-json/src/a.rs", "serde-json/src/a.rs"),
            ("src/main.rs", "src/main.rs"),
            ("a.c", "a.c"),
        ] {
            assert_eq!(file(path), expected);
        }
    }
}
