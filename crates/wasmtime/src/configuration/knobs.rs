//! The macro that a group of knobs is written in: one row per knob.

use arbitrary::Unstructured;

/// Declares a group of knobs. Each row gives a knob, its default, and the values that it may take
/// instead: `sometimes`, or `rarely` where trying it is expensive.
///
/// The type prints only the knobs that differ from their defaults, so that a printed
/// configuration is as short as its effect.
macro_rules! knobs {
    (
        $(#[$group_doc:meta])*
        pub struct $group:ident {
            $($(#[$doc:meta])* $knob:ident: $type:ty = $default:expr, $how:ident $values:expr;)*
        }
    ) => {
        $(#[$group_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $group { $($(#[$doc])* pub $knob: $type,)* }

        impl Default for $group {
            fn default() -> Self {
                Self { $($knob: $default,)* }
            }
        }

        impl serde::Serialize for $group {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let default = Self::default();
                let mut map = serializer.serialize_map(None)?;
                $(if self.$knob != default.$knob {
                    map.serialize_entry(&stringify!($knob).replace('_', "-"), &self.$knob)?;
                })*
                map.end()
            }
        }

        impl $group {
            /// Turns each knob with a chance of 1 in `rarity`.
            pub(crate) fn turn(
                &mut self,
                rarity: $crate::configuration::knobs::Rarity,
                input: &mut arbitrary::Unstructured<'_>,
            ) -> arbitrary::Result<()> {
                $(if rarity.$how(input)? {
                    self.$knob = input.choose(&$values)?.clone();
                })*
                Ok(())
            }
        }
    };
}

pub(crate) use knobs;

/// One knob in how many is turned. Most configurations turn few, so that a difference can be laid
/// at one knob's door; some turn many, since knobs meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rarity(u8);

impl Rarity {
    /// How much rarer an expensive knob is turned.
    const EXPENSIVE: u8 = 5;

    /// Every second knob.
    pub(crate) const OFTEN: Self = Self(2);

    /// Chooses how densely one configuration turns its knobs.
    pub(crate) fn arbitrary(input: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(Self(*input.choose(&[100, 30, 10, 4])?))
    }

    /// Whether to turn a knob. Never once the input has run out: what is left stays default.
    pub(crate) fn sometimes(self, input: &mut Unstructured<'_>) -> arbitrary::Result<bool> {
        Ok(!input.ratio(self.0 - 1, self.0)?)
    }

    /// Whether to turn an expensive knob.
    pub(crate) fn rarely(self, input: &mut Unstructured<'_>) -> arbitrary::Result<bool> {
        Self(self.0.saturating_mul(Self::EXPENSIVE)).sometimes(input)
    }
}

/// Whether a value is its type's default, and so need not be printed.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
