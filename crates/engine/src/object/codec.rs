//! An object in TTLV, as its record holds it.
//!
//! The invariant: the fields and their order are part of the data format: they may be added to, never changed.

use kmip::ttlv::{Decode, DecodeError, Encode, Fault, Item, Writer};
use kmip::{Tag, tag};
use uuid::Uuid;

use super::{History, Id, Object};

impl Decode for Object {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let mut reader = item.structure()?;
        let object = Object {
            id: reader.required(tag::UNIQUE_IDENTIFIER)?,
            object_type: reader.required(tag::OBJECT_TYPE)?,
            format: reader.required(tag::KEY_FORMAT_TYPE)?,
            secret_data_type: reader.optional(tag::SECRET_DATA_TYPE)?,
            opaque_data_type: reader.optional(tag::OPAQUE_DATA_TYPE)?,
            attributes: reader.repeated(tag::ATTRIBUTE)?,
            sealed: reader.optional(tag::KEY_MATERIAL)?,
            history: History::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(object)
    }
}

impl Encode for Object {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.structure(tag, |out| {
            self.id.encode(tag::UNIQUE_IDENTIFIER, out);
            self.object_type.encode(tag::OBJECT_TYPE, out);
            self.format.encode(tag::KEY_FORMAT_TYPE, out);
            out.optional(tag::SECRET_DATA_TYPE, self.secret_data_type.as_ref());
            out.optional(tag::OPAQUE_DATA_TYPE, self.opaque_data_type.as_ref());
            out.repeated(tag::ATTRIBUTE, &self.attributes);
            out.optional(tag::KEY_MATERIAL, self.sealed.as_ref());
            self.history.write(out);
        });
    }
}

impl Decode for Id {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let uuid = Uuid::parse_str(item.text()?).map_err(|_| Fault::Value.at(item.tag()))?;
        Ok(Id(uuid))
    }
}

impl Encode for Id {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.text(tag, self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
}
