//! What travels over Key Protect's API: IBM's shapes and names.

mod action;
mod adapter;
mod import_token;
mod key;

mod new_key;
mod policy;
mod registration;
mod request;
mod ring;

pub use action::{Rewrapped, Rotate, Unwrap, Unwrapped, Wrap, Wrapped};
pub use adapter::{KmipAdapter, KmipCertificate, KmipObject, NewKmipAdapter, NewKmipCertificate, PROFILE, ProfileData};
pub use import_token::{ImportToken, NewImportToken};
pub use key::{AlgorithmMetadata, DualAuthDelete, Key, KeyId, KeyVersion, PatchKey, ShownKey};
pub use new_key::{NewKey, NewKeyWithPolicies};
pub use policy::{
    AllowedIpPort, DualAuthPolicy, InstancePolicy, KeyPolicy, NewInstancePolicy, NewKeyPolicy, PolicyAttributes,
    PolicyData, PolicyType, RotationPolicy,
};
pub use registration::Registration;
pub use request::{Request, RequestMetadata};
pub use ring::{Alias, KeyRing};
