//! Finding objects: Locate.

use crate::attribute::Attribute;
use crate::enums::ObjectGroupMember;

structure! {
    /// Locate's request (KMIP 1.4, 4.9).
    pub struct LocateRequest {
        /// At most so many identifiers.
        optional maximum_items: i32 = MAXIMUM_ITEMS;
        /// So many of the first are passed over.
        optional offset_items: i32 = OFFSET_ITEMS, since V1_3;
        /// On-line, archived or destroyed objects.
        optional storage_status_mask: i32 = STORAGE_STATUS_MASK;
        /// Fresh or default members of an object group.
        optional object_group_member: ObjectGroupMember = OBJECT_GROUP_MEMBER, since V1_1;
        /// What an object must be like.
        repeated attributes: Attribute = ATTRIBUTE;
    }
}

structure! {
    /// Locate's answer.
    pub struct LocateResponse {
        /// How many objects match, whatever the maximum.
        optional located_items: i32 = LOCATED_ITEMS, since V1_3;
        /// The objects that match.
        repeated unique_identifiers: String = UNIQUE_IDENTIFIER;
    }
}
