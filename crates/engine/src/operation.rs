//! The operations: one table, from which the modules, the dispatch and Query's list are made.
//!
//! The invariant: an operation is a type; it sees its request and a [`Scope`], and nothing else. A new one is a file and a word.

use std::future::Future;
use std::pin::Pin;

use kmip::Version;
use kmip::enums::Operation as Code;
use kmip::message::RequestItem;
use kmip::ttlv::{Decode, Encode, Writer};

use crate::error::Failure;
use crate::exchange::{Exchange, Refused, perform};
use crate::policy::Permission;
use crate::scope::Scope;

mod template;

/// An operation of KMIP.
pub(crate) trait Operation {
    /// Its number on the wire.
    const CODE: Code;
    /// What a client must be allowed to do.
    const NEEDS: Permission;
    /// The request's payload.
    type Request: Decode + Send;
    /// The answer's payload.
    type Response: Encode + Send;

    /// Carries it out.
    fn run(
        request: Self::Request,
        scope: &mut Scope<'_>,
    ) -> impl Future<Output = Result<Self::Response, Failure>> + Send;
}

macro_rules! operations {
    ($($module:ident::$operation:ident,)*) => {
        $(mod $module;)*

        /// The operations that are offered, in the order of the table.
        const OFFERED: &[Code] = &[$(<$module::$operation as Operation>::CODE),*];

        /// Carries an item out by the operation that it names. Boxed, so that a connection at rest holds no room for it.
        pub(crate) fn dispatch<'f>(
            exchange: &'f mut Exchange<'_>,
            item: &'f RequestItem<'_>,
            out: &'f mut Writer,
        ) -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send + 'f>> {
            match item.operation {
                $(<$module::$operation as Operation>::CODE => {
                    Box::pin(perform::<$module::$operation>(exchange, item, out))
                })*
                _ => Box::pin(async { exchange.unsupported(item) }),
            }
        }
    };
}

operations! {
    create::Create,
    register::Register,
    re_key::ReKey,
    locate::Locate,
    check::Check,
    get::Get,
    get_attributes::GetAttributes,
    get_attribute_list::GetAttributeList,
    add_attribute::AddAttribute,
    modify_attribute::ModifyAttribute,
    delete_attribute::DeleteAttribute,
    obtain_lease::ObtainLease,
    get_usage_allocation::GetUsageAllocation,
    activate::Activate,
    revoke::Revoke,
    destroy::Destroy,
    query::Query,
    discover_versions::DiscoverVersions,
}

/// The operations that are offered to a protocol version.
pub(crate) fn offered(version: Version) -> Vec<Code> {
    OFFERED.iter().copied().filter(|code| code.since().is_some_and(|since| since <= version)).collect()
}
