//! Frames: what is written to the child and read back, piece by piece. The codes are those of
//! `host/values.js`.

use crate::signature::Kind;
use assay_engine::{Reference, Slot, Value};

/// The length that a frame begins with.
pub(crate) const HEADER_BYTES: usize = 4;

/// A frame being written.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

/// A value that cannot be handed to JavaScript.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotForJs(pub Value);

impl Writer {
    pub fn new() -> Self {
        Self(vec![0; HEADER_BYTES])
    }

    /// The frame, with its length put in.
    pub fn finish(mut self) -> Vec<u8> {
        let len = u32::try_from(self.0.len() - HEADER_BYTES).expect("a frame is below 4 GiB");
        self.0[..HEADER_BYTES].copy_from_slice(&len.to_le_bytes());
        self.0
    }

    /// Writes all that has been written again, until it is there so many times.
    pub fn repeat(&mut self, times: usize) {
        let written = self.0.split_off(HEADER_BYTES);
        self.0.extend(written.repeat(times));
    }

    pub fn u8(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn u32(&mut self, word: u32) {
        self.0.extend(word.to_le_bytes());
    }

    pub fn u64(&mut self, word: u64) {
        self.0.extend(word.to_le_bytes());
    }

    /// The length of a list, before its elements.
    pub fn len(&mut self, len: usize) {
        self.u32(u32::try_from(len).expect("a list of a program is short"));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.0.extend(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn kinds(&mut self, kinds: &[Kind]) {
        self.len(kinds.len());
        self.0.extend(kinds.iter().map(|&kind| kind as u8));
    }

    pub fn slots(&mut self, slots: &[Slot]) {
        self.len(slots.len());
        self.0
            .extend(slots.iter().map(|&slot| Kind::from(slot) as u8));
    }

    pub fn values(&mut self, values: &[Value]) -> Result<(), NotForJs> {
        self.len(values.len());
        values.iter().try_for_each(|&value| self.value(value))
    }

    fn value(&mut self, value: Value) -> Result<(), NotForJs> {
        match value {
            Value::I32(x) => {
                self.u8(0);
                self.u32(x);
            }
            Value::I64(x) => {
                self.u8(1);
                self.u64(x);
            }
            Value::F32(x) => {
                self.u8(2);
                self.u32(x);
            }
            Value::F64(x) => {
                self.u8(3);
                self.u64(x);
            }
            Value::Ref(Reference::Null) => self.u8(5),
            Value::Ref(Reference::I31(x)) => {
                self.u8(6);
                self.u32(x.cast_unsigned());
            }
            Value::Ref(Reference::Extern(n)) => {
                self.u8(10);
                self.u32(n);
            }
            other => return Err(NotForJs(other)),
        }
        Ok(())
    }
}

/// A reply that does not say what a reply says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A frame being read, without its length.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(frame: &'a [u8]) -> Self {
        Self(frame)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn f64(&mut self) -> Result<f64, Malformed> {
        self.array().map(f64::from_le_bytes)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()?;
        self.take(len as usize)
    }

    pub fn text(&mut self) -> Result<String, Malformed> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        (0..self.u32()?).map(|_| read(self)).collect()
    }

    pub fn values(&mut self) -> Result<Vec<Value>, Malformed> {
        self.list(Self::value)
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        Ok(match self.u8()? {
            0 => Value::I32(self.u32()?),
            1 => Value::I64(self.u64()?),
            2 => Value::F32(self.u32()?),
            3 => Value::F64(self.u64()?),
            5 => Value::Ref(Reference::Null),
            6 => Value::Ref(Reference::I31(self.u32()?.cast_signed())),
            7 => Value::Ref(Reference::Func),
            10 => Value::Ref(Reference::Extern(self.u32()?)),
            12 => Value::Ref(Reference::Internal),
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let values = [
            Value::I32(u32::MAX),
            Value::I64(1 << 63),
            Value::F32(0x7fc0_0001),
            Value::F64(1),
            Value::Ref(Reference::Null),
            Value::Ref(Reference::I31(-5)),
            Value::Ref(Reference::Extern(7)),
        ];
        let mut writer = Writer::new();
        writer.values(&values).unwrap();
        let frame = writer.finish();
        assert_eq!(
            frame[..4],
            u32::try_from(frame.len() - 4).unwrap().to_le_bytes()
        );
        assert_eq!(Reader::new(&frame[4..]).values().unwrap(), values);
        for len in 4..frame.len() {
            assert_eq!(Reader::new(&frame[4..len]).values(), Err(Malformed));
        }
    }

    #[test]
    fn what_javascript_cannot_hold_is_refused() {
        for value in [Value::V128(1), Value::Ref(Reference::Struct)] {
            assert_eq!(Writer::new().values(&[value]), Err(NotForJs(value)));
        }
    }
}
