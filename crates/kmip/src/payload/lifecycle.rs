//! The life cycle and its limits: Revoke, Check, Obtain Lease, Get Usage Allocation. Activate and Destroy name an object and
//! no more.

use crate::enums::RevocationReasonCode;
use crate::{DateTime, Interval};

structure! {
    /// Why an object is revoked (KMIP 1.4, 3.31).
    #[derive(Clone)]
    pub struct RevocationReason {
        /// The reason.
        required code: RevocationReasonCode = REVOCATION_REASON_CODE;
        /// The reason in words.
        optional message: String = REVOCATION_MESSAGE;
    }
}

structure! {
    /// Revoke's request (KMIP 1.4, 4.20).
    pub struct RevokeRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Why.
        required revocation_reason: RevocationReason = REVOCATION_REASON;
        /// When the object was first believed to be compromised.
        optional compromise_occurrence_date: DateTime = COMPROMISE_OCCURRENCE_DATE;
    }
}

structure! {
    /// Check's request and answer (KMIP 1.4, 4.10): in the answer, only what is not allowed.
    pub struct Check {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// How many units of use are wanted.
        optional usage_limits_count: i64 = USAGE_LIMITS_COUNT;
        /// Which uses are wanted.
        optional cryptographic_usage_mask: i32 = CRYPTOGRAPHIC_USAGE_MASK;
        /// How long a lease is wanted, in seconds.
        optional lease_time: Interval = LEASE_TIME;
    }
}

structure! {
    /// Obtain Lease's answer (KMIP 1.4, 4.17).
    pub struct ObtainLeaseResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The lease, in seconds from now.
        required lease_time: Interval = LEASE_TIME;
        /// When the object was last changed.
        required last_change_date: DateTime = LAST_CHANGE_DATE;
    }
}

structure! {
    /// Get Usage Allocation's request (KMIP 1.4, 4.18).
    pub struct GetUsageAllocationRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// How many units are to be used.
        required usage_limits_count: i64 = USAGE_LIMITS_COUNT;
    }
}
