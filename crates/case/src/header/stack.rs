//! Call stacks in the header: each is one line.

use assay_engine::{Frame, Moment, Stack};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Write as _;

/// A [`Stack`], as in `"trap: 1/3 at 0x96, 0/0 at 0x3d"`: module and function of each frame, the
/// innermost first. A module that is not known is `?`, and so is an offset that is not there. A frame
/// that is gone is in parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeaderStack(pub Stack);

/// The words for moments.
const MOMENTS: [(Moment, &str); 3] = [
    (Moment::HostCall, "host-call"),
    (Moment::Trap, "trap"),
    (Moment::Exception, "exception"),
];

/// The headers' form of these stacks.
pub(crate) fn told(stacks: &[Stack]) -> Vec<HeaderStack> {
    stacks.iter().cloned().map(HeaderStack).collect()
}

/// The stacks of that form.
pub(crate) fn stacks(told: Vec<HeaderStack>) -> Vec<Stack> {
    told.into_iter().map(|stack| stack.0).collect()
}

impl Serialize for HeaderStack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(stack) = self;
        let mut words = MOMENTS.iter().filter(|row| row.0 == stack.moment);
        let word = words.next().map_or("", |row| row.1);
        let mut line = format!("{word}:");
        for (n, frame) in stack.frames.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let module = frame.module.map_or("?".to_owned(), |it| it.to_string());
            let offset = frame.offset.map_or("?".to_owned(), |it| format!("{it:#x}"));
            let (open, close) = if frame.gone { ("(", ")") } else { ("", "") };
            let function = frame.function;
            write!(line, "{comma} {open}{module}/{function} at {offset}{close}")
                .map_err(serde::ser::Error::custom)?;
        }
        line.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HeaderStack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let like = "trap: 1/3 at 0x96, 0/0 at ?";
        let fail = || D::Error::custom(format!("{text:?} is not like {like:?}"));
        parse(&text).map(Self).ok_or_else(fail)
    }
}

fn parse(text: &str) -> Option<Stack> {
    let (word, rest) = text.split_once(':')?;
    let (moment, _) = *MOMENTS.iter().find(|row| row.1 == word)?;
    let frames = match rest {
        "" => Vec::new(),
        _ => {
            let frames = rest
                .split(',')
                .map(|frame| parse_frame(frame.strip_prefix(' ')?));
            frames.collect::<Option<_>>()?
        }
    };
    Some(Stack { moment, frames })
}

fn parse_frame(text: &str) -> Option<Frame> {
    let inside = text.strip_prefix('(').map(|rest| rest.strip_suffix(')'));
    let gone = inside.is_some();
    let (function, offset) = inside.unwrap_or(Some(text))?.split_once(" at ")?;
    let (module, function) = function.split_once('/')?;
    let module = match module {
        "?" => None,
        number => Some(number.parse().ok()?),
    };
    let offset = match offset {
        "?" => None,
        number => Some(u32::from_str_radix(number.strip_prefix("0x")?, 16).ok()?),
    };
    Some(Frame {
        module,
        function: function.parse().ok()?,
        offset,
        gone,
    })
}
