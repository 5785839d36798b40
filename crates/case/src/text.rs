//! Values and strings in the notation of WebAssembly scripts.
//!
//! One notation serves all: a *literal* (`i32.const 5`, `ref.extern 3`) stands bare in strings of
//! the header, and between parentheses in the script. The header's literals are lossless; the
//! script has no number for an `i31` and no word for an exception reference.

use assay_engine::{Reference, Value};
use std::fmt::Write as _;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::parser::{self, ParseBuffer};
use wast::{WastArg, WastRet};

/// What a script can say of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// This value exactly.
    Is(Value),
    /// Some `i31`.
    AnyI31,
}

impl Pattern {
    /// What a script can say of this value; `None` when nothing.
    pub fn of(value: Value) -> Option<Self> {
        match value {
            Value::Ref(Reference::I31(_)) => Some(Self::AnyI31),
            Value::Ref(Reference::Exn) => None,
            value => Some(Self::Is(value)),
        }
    }

    /// Whether a script can claim exactly this value.
    pub fn is_exact(value: Value) -> bool {
        matches!(Self::of(value), Some(Self::Is(_)))
    }

    /// The value, where the pattern leaves no choice.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Is(value) => Some(value),
            Self::AnyI31 => None,
        }
    }

    /// The pattern between parentheses.
    pub fn text(self) -> String {
        match self {
            Self::Is(value) => format!("({})", literal(value)),
            Self::AnyI31 => "(ref.i31)".into(),
        }
    }
}

/// Whether a script can pass this value to a call.
pub(crate) fn is_argument(value: Value) -> bool {
    match value {
        Value::Ref(reference) => matches!(reference, Reference::Null | Reference::Extern(_)),
        _ => true,
    }
}

/// An argument between parentheses; a null reference is one of the heap type `null`.
pub(crate) fn argument(value: Value, null: &str) -> String {
    match value {
        Value::Ref(Reference::Null) => format!("(ref.null {null})"),
        value => format!("({})", literal(value)),
    }
}

/// A value as a literal.
pub(crate) fn literal(value: Value) -> String {
    match value {
        Value::I32(x) => format!("i32.const {}", x.cast_signed()),
        Value::I64(x) => format!("i64.const {}", x.cast_signed()),
        Value::F32(x) => format!("f32.const {}", f32_text(x)),
        Value::F64(x) => format!("f64.const {}", f64_text(x)),
        Value::V128(x) => {
            let lane = |n: u32| (x >> (32 * n)) as u32;
            let lanes = [lane(0), lane(1), lane(2), lane(3)];
            let [a, b, c, d] = lanes.map(|lane| format!("{lane:#010x}"));
            format!("v128.const i32x4 {a} {b} {c} {d}")
        }
        Value::Ref(Reference::Internal) => "ref.extern".into(),
        Value::Ref(reference) => reference.to_string(),
    }
}

/// The shortest decimal that reads back as the same bits; a NaN by its payload.
fn f32_text(bits: u32) -> String {
    let x = f32::from_bits(bits);
    if x.is_nan() {
        nan(x.is_sign_negative(), u64::from(bits & 0x7f_ffff))
    } else {
        format!("{x:?}")
    }
}

/// As [`f32_text`].
fn f64_text(bits: u64) -> String {
    let x = f64::from_bits(bits);
    if x.is_nan() {
        nan(x.is_sign_negative(), bits & 0xf_ffff_ffff_ffff)
    } else {
        format!("{x:?}")
    }
}

fn nan(negative: bool, payload: u64) -> String {
    format!("{}nan:{payload:#x}", if negative { "-" } else { "" })
}

/// Reads a literal.
///
/// # Errors
///
/// A message for people.
pub(crate) fn parse_literal(text: &str) -> Result<Value, String> {
    if text == "ref.exn" {
        return Ok(Value::Ref(Reference::Exn));
    }
    if let Some(number) = text.strip_prefix("ref.i31 ") {
        let number = number
            .parse()
            .map_err(|_| format!("{text:?} is not an i31"))?;
        return Ok(Value::Ref(Reference::I31(number)));
    }
    let fail = |error: wast::Error| format!("{text:?} is not a value: {}", error.message());
    let buffer = ParseBuffer::new(text).map_err(fail)?;
    let parsed = parser::parse::<WastRet<'_>>(&buffer).map_err(fail)?;
    pattern_of(&parsed)
        .and_then(Pattern::value)
        .ok_or_else(|| format!("{text:?} is not one exact value"))
}

/// The argument of a call in a script; `None` for what no boundary carries.
pub(crate) fn argument_of(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(x) => Value::I32(x.cast_unsigned()),
        WastArgCore::I64(x) => Value::I64(x.cast_unsigned()),
        WastArgCore::F32(x) => Value::F32(x.bits),
        WastArgCore::F64(x) => Value::F64(x.bits),
        WastArgCore::V128(x) => Value::V128(u128::from_le_bytes(x.to_le_bytes())),
        WastArgCore::RefNull(_) => Value::Ref(Reference::Null),
        WastArgCore::RefExtern(n) => Value::Ref(Reference::Extern(*n)),
        WastArgCore::RefHost(_) => return None,
    })
}

/// The claim on a result in a script; `None` for one that leaves open what a case must know.
pub(crate) fn pattern_of(result: &WastRet<'_>) -> Option<Pattern> {
    let WastRet::Core(result) = result else {
        return None;
    };
    let value = match result {
        WastRetCore::I32(x) => Value::I32(x.cast_unsigned()),
        WastRetCore::I64(x) => Value::I64(x.cast_unsigned()),
        WastRetCore::F32(NanPattern::Value(x)) => Value::F32(x.bits),
        WastRetCore::F64(NanPattern::Value(x)) => Value::F64(x.bits),
        WastRetCore::V128(lanes) => Value::V128(vector_of(lanes)?),
        WastRetCore::RefNull(_) => Value::Ref(Reference::Null),
        WastRetCore::RefExtern(None) => Value::Ref(Reference::Internal),
        WastRetCore::RefExtern(Some(n)) => Value::Ref(Reference::Extern(*n)),
        WastRetCore::RefFunc(None) => Value::Ref(Reference::Func),
        WastRetCore::RefStruct => Value::Ref(Reference::Struct),
        WastRetCore::RefArray => Value::Ref(Reference::Array),
        WastRetCore::RefI31 => return Some(Pattern::AnyI31),
        _ => return None,
    };
    Some(Pattern::Is(value))
}

/// The bits of a vector without NaN patterns.
fn vector_of(lanes: &V128Pattern) -> Option<u128> {
    let bytes: Vec<u8> = match lanes {
        V128Pattern::I8x16(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        V128Pattern::I16x8(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        V128Pattern::I32x4(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        V128Pattern::I64x2(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        V128Pattern::F32x4(x) => {
            let bits = x.iter().map(|x| exact(x).map(|x| x.bits.to_le_bytes()));
            bits.collect::<Option<Vec<_>>>()?.concat()
        }
        V128Pattern::F64x2(x) => {
            let bits = x.iter().map(|x| exact(x).map(|x| x.bits.to_le_bytes()));
            bits.collect::<Option<Vec<_>>>()?.concat()
        }
    };
    Some(u128::from_le_bytes(bytes.try_into().ok()?))
}

fn exact<T>(pattern: &NanPattern<T>) -> Option<&T> {
    match pattern {
        NanPattern::Value(value) => Some(value),
        _ => None,
    }
}

/// A name between quotes. Letters and digits of all scripts stand for themselves; all else
/// beyond ASCII is escaped, since parsers may refuse what can be mistaken for something else.
pub(crate) fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => text.push(c),
            c => push(&mut text, format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    text.push('"');
    text
}

/// Bytes between quotes, in lines of 32.
pub(crate) fn quoted_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        text.push_str("\n  \"");
        for byte in line {
            push(&mut text, format_args!("\\{byte:02x}"));
        }
        text.push('"');
    }
    text
}

/// Appends to a string, which cannot fail.
fn push(text: &mut String, args: std::fmt::Arguments<'_>) {
    text.write_fmt(args)
        .expect("a string takes all that is written to it");
}
