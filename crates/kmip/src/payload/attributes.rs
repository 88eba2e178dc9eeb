//! Reading and changing attributes: Get Attributes, Get Attribute List, Add, Modify and Delete Attribute.

use crate::attribute::{Attribute, AttributeName};

structure! {
    /// Get Attributes' request (KMIP 1.4, 4.12).
    pub struct GetAttributesRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Which attributes; none means all.
        repeated attribute_names: AttributeName = ATTRIBUTE_NAME;
    }
}

structure! {
    /// Get Attributes' answer.
    pub struct GetAttributesResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The attributes that are set, of those asked for.
        repeated attributes: Attribute = ATTRIBUTE;
    }
}

structure! {
    /// Get Attribute List's answer (KMIP 1.4, 4.13).
    pub struct GetAttributeListResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The names of the attributes that are set.
        repeated attribute_names: AttributeName = ATTRIBUTE_NAME;
    }
}

structure! {
    /// The request of Add Attribute (KMIP 1.4, 4.14) and of Modify Attribute (4.15).
    pub struct ChangeAttributeRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The attribute.
        required attribute: Attribute = ATTRIBUTE;
    }
}

structure! {
    /// The answer of Add, Modify and Delete Attribute.
    pub struct ChangeAttributeResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The attribute as it is now; as it was, where it was deleted.
        required attribute: Attribute = ATTRIBUTE;
    }
}

structure! {
    /// Delete Attribute's request (KMIP 1.4, 4.16).
    pub struct DeleteAttributeRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Which attribute.
        required attribute_name: AttributeName = ATTRIBUTE_NAME;
        /// Which instance of it; none means instance 0.
        optional attribute_index: i32 = ATTRIBUTE_INDEX;
    }
}
