//! Keys: what a place is called in every build.

use super::names;
use super::symbols::Place;

/// The file from its package on, and the function's own name: `wasmtime/src/engine.rs:new`.
///
/// Lines change, and so do the numbers of closures; paths before a name and types around it are told or
/// not as debug information has it. So none of them is a part of the key, and two functions of one
/// name in one file share it. A closure is called after the function around it, which is found on the
/// `stack` where the closure's own name does not tell.
pub(crate) fn key(place: &Place, stack: &[Place]) -> String {
    let name = names::own_name(&place.function).or_else(|| around(place, stack));
    let name = name.unwrap_or_else(|| place.function.clone());
    match place.file.is_empty() {
        true => name,
        false => format!("{}:{name}", place.file),
    }
}

/// The name of a closure after the next function of its file on the stack; the fallback for what has no
/// function around it there.
fn around(place: &Place, stack: &[Place]) -> Option<String> {
    if names::is_future(&place.function) {
        return Some("{future}".into());
    }
    if !place.function.starts_with('{') {
        return None;
    }
    let behind = stack.iter().skip_while(|frame| *frame != place).skip(1);
    let own = behind.filter(|frame| frame.file == place.file);
    let mut names = own.filter_map(|frame| names::own_name(&frame.function));
    Some(match names.next() {
        Some(name) if name.ends_with("{closure}") => name,
        Some(name) => format!("{name}::{{closure}}"),
        None => "{closure}".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(function: &str, file: &str, line: u32) -> Place {
        Place {
            function: function.into(),
            file: file.into(),
            line,
        }
    }

    #[test]
    fn both_builds_and_all_levels_of_debug_information_give_one_key() {
        for function in [
            "new",
            "a::b::C::new",
            "<a::b::C>::new",
            "<a::C as d::E>::new",
        ] {
            assert_eq!(
                key(&place(function, "a/src/b.rs", 7), &[]),
                "a/src/b.rs:new"
            );
        }
    }

    #[test]
    fn a_closure_is_called_after_what_is_around_it() {
        let inlined = place("{closure#3}", "a/src/b.rs", 7);
        let stack = [
            place("push", "alloc/src/vec.rs", 1),
            inlined.clone(),
            place("with_context", "a/src/c.rs", 2),
            place("{closure#4}", "a/src/b.rs", 8),
            place("a::b::load", "a/src/b.rs", 9),
            place("a::b::open", "a/src/b.rs", 10),
        ];
        let expected = "a/src/b.rs:load::{closure}";
        assert_eq!(key(&inlined, &stack), expected);
        let told = place("a::b::load::{closure#1}", "a/src/b.rs", 7);
        assert_eq!(key(&told, &stack), expected);
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let alone = place("{closure#0}", "a/src/b.rs", 7);
        assert_eq!(key(&alone, &[]), "a/src/b.rs:{closure}");
        let polled = place("{async_fn#0}", "a/src/b.rs", 7);
        let elsewhere = [polled.clone(), place("poll", "a/src/b.rs", 9)];
        assert_eq!(key(&polled, &elsewhere), "a/src/b.rs:{future}");
        assert_eq!(key(&place("unknown", "", 0), &[]), "unknown");
        assert_eq!(key(&place("generated code", "", 0), &[]), "generated code");
    }
}
