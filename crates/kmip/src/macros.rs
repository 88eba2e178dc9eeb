//! The three macros that the tables of KMIP are written in: `tags!`, `enumeration!` and `structure!`.
//!
//! The invariant: a fact of the specification (a number, a name, the version since which it exists) stands in one row, and all
//! else is derived from it.

/// Rows of `NUMBER NAME "Name"`, grouped under the version since which they exist.
macro_rules! tags {
    ($($since:ident { $($number:literal $name:ident $text:literal;)* })*) => {
        $($(
            #[doc = concat!($text, ", since ", stringify!($since), ".")]
            pub const $name: Tag = Tag($number);
        )*)*

        /// The specification's name of a tag, and the version since which it exists.
        pub(crate) fn row(tag: Tag) -> Option<(&'static str, Version)> {
            match tag.0 {
                $($($number => Some(($text, Version::$since)),)*)*
                _ => None,
            }
        }

        /// Every tag of the tables.
        pub const ALL: &[Tag] = &[$($($name,)*)*];
    };
}

/// An enumeration: rows of `Variant = NUMBER "Name"`, grouped under the version since which they exist. A number that is in no row,
/// or in a row that is younger than the version in use, survives decoding and encoding as `Unknown`.
macro_rules! enumeration {
    ($(#[$meta:meta])* pub enum $name:ident { $($since:ident { $($variant:ident = $number:literal $text:literal;)* })* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(
                #[doc = concat!($text, ", since ", stringify!($since), ".")]
                $variant,
            )*)*
            /// A number that is in none of the tables.
            Unknown(u32),
        }

        impl $name {
            /// Every value of the tables.
            pub const ALL: &[$name] = &[$($($name::$variant,)*)*];

            /// The value with this number.
            pub fn from_number(number: u32) -> Self {
                match number {
                    $($($number => $name::$variant,)*)*
                    unknown => $name::Unknown(unknown),
                }
            }

            /// The number on the wire.
            pub fn number(self) -> u32 {
                match self {
                    $($($name::$variant => $number,)*)*
                    $name::Unknown(number) => number,
                }
            }

            /// The specification's name.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $($($name::$variant => Some($text),)*)*
                    $name::Unknown(_) => None,
                }
            }

            /// The protocol version since which the value exists; none for a value that is in none of the tables.
            pub fn since(self) -> Option<$crate::Version> {
                match self {
                    $($($name::$variant => Some($crate::Version::$since),)*)*
                    $name::Unknown(_) => None,
                }
            }
        }

        impl $crate::ttlv::Decode for $name {
            fn decode(item: $crate::ttlv::Item<'_>) -> Result<Self, $crate::ttlv::DecodeError> {
                let value = $name::from_number(item.enumeration()?);
                let younger = value.since().is_some_and(|since| since > item.version());
                Ok(if younger { $name::Unknown(value.number()) } else { value })
            }
        }

        impl $crate::ttlv::Encode for $name {
            fn encode(&self, tag: $crate::Tag, out: &mut $crate::ttlv::Writer) {
                out.enumeration(tag, self.number());
            }

            fn known_to(&self, version: $crate::Version) -> bool {
                self.since().is_none_or(|since| since <= version)
            }
        }

        #[cfg(test)]
        impl $crate::shape::Shaped for $name {
            fn shapes() -> Vec<$crate::shape::Shape> {
                vec![$crate::shape::Shape::Leaf($crate::ttlv::ItemType::Enumeration)]
            }
        }
    };
}

/// A structure: a row a field, `required|optional|repeated name: Type = TAG`, in the specification's order, with `since V1_x`
/// where the field is younger than its structure. A field that the version in use does not know is neither written nor read.
/// `of Structure` says what a `Value` must be.
#[macro_export]
macro_rules! structure {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$doc:meta])* $mode:ident $field:ident: $type:ty = $tag:ident $(, of $kind:ident)? $(, since $since:ident)?;)*
    }) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$doc])* pub $field: $crate::structure!(@type $mode $type),)*
        }

        impl $crate::ttlv::Decode for $name {
            fn decode(item: $crate::ttlv::Item<'_>) -> Result<Self, $crate::ttlv::DecodeError> {
                #[allow(unused_mut)]
                let mut reader = item.structure()?;
                let value = $name {
                    $($field: {
                        $(reader.expect($crate::tag::$tag, $crate::ttlv::ItemType::$kind)?;)?
                        $crate::structure!(@read $mode reader $tag $($since)?)
                    },)*
                };
                reader.finish()?;
                Ok(value)
            }
        }

        impl $crate::ttlv::Encode for $name {
            fn encode(&self, tag: $crate::Tag, out: &mut $crate::ttlv::Writer) {
                out.structure(tag, |#[allow(unused_variables)] out| {
                    $($crate::structure!(@write $mode out $tag self.$field; $($since)?);)*
                });
            }
        }

        $crate::shaped! { $name { $($mode $type = $tag $(, of $kind)? $(, since $since)?;)* } }
    };
    (@type required $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type repeated $type:ty) => { Vec<$type> };
    (@read $mode:ident $reader:ident $tag:ident) => { $reader.$mode($crate::tag::$tag)? };
    (@read $mode:ident $reader:ident $tag:ident $since:ident) => {
        if $reader.version() >= $crate::Version::$since { $reader.$mode($crate::tag::$tag)? } else { Default::default() }
    };
    (@write $mode:ident $out:ident $tag:ident $value:expr; $since:ident) => {
        if $out.version() >= $crate::Version::$since { $crate::structure!(@write $mode $out $tag $value;); }
    };
    (@write required $out:ident $tag:ident $value:expr;) => { $crate::ttlv::Encode::encode(&$value, $crate::tag::$tag, $out) };
    (@write optional $out:ident $tag:ident $value:expr;) => { $out.optional($crate::tag::$tag, $value.as_ref()) };
    (@write repeated $out:ident $tag:ident $value:expr;) => { $out.repeated($crate::tag::$tag, &$value) };
}

/// What this crate's own tests know of a structure; nothing, wherever else a structure is made.
#[cfg(not(test))]
#[doc(hidden)]
#[macro_export]
macro_rules! shaped {
    ($($ignored:tt)*) => {};
}

/// What this crate's own tests know of a structure.
#[cfg(test)]
#[macro_export]
macro_rules! shaped {
    ($name:ident { $($mode:ident $type:ty = $tag:ident $(, of $kind:ident)? $(, since $since:ident)?;)* }) => {
        impl $crate::shape::Shaped for $name {
            fn shapes() -> Vec<$crate::shape::Shape> {
                vec![$crate::shape::Shape::Structure(vec![
                    $($crate::shape::Field::of::<$type>(stringify!($mode), $crate::tag::$tag, $crate::shaped!(@since $($since)?))
                        $(.restricted($crate::ttlv::ItemType::$kind))?,)*
                ])]
            }
        }
    };
    (@since) => { $crate::Version::V1_0 };
    (@since $since:ident) => { $crate::Version::$since };
}
