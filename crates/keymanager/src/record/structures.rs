//! Fields that have fields: a key's policies, a grant's target. Numbers here are part of the data format too.

use super::Field;
use crate::Target;
use crate::key::{DualAuth, PolicyStamp, Rotation, SetForDeletion};
use kmip::Tag;
use kmip::ttlv::{DecodeError, Item, Reader, Writer};

const FIRST: Tag = Tag(0x54_1F01);
const SECOND: Tag = Tag(0x54_1F02);
const THIRD: Tag = Tag(0x54_1F03);
const STAMP_ID: Tag = Tag(0x54_1F10);
const STAMP_CREATED: Tag = Tag(0x54_1F11);
const STAMP_CREATED_BY: Tag = Tag(0x54_1F12);
const STAMP_UPDATED: Tag = Tag(0x54_1F13);
const STAMP_UPDATED_BY: Tag = Tag(0x54_1F14);

pub(super) fn rotation(item: Item<'_>) -> Result<Rotation, DecodeError> {
    let mut reader = item.structure()?;
    let (enabled, interval_month) = (required(&mut reader, FIRST)?, required(&mut reader, SECOND)?);
    let stamp = stamp(&mut reader)?;
    reader.finish()?;
    Ok(Rotation { enabled, interval_month, stamp })
}

pub(super) fn write_rotation(rotation: &Rotation, tag: Tag, out: &mut Writer) {
    out.structure(tag, |out| {
        rotation.enabled.write(FIRST, out);
        rotation.interval_month.write(SECOND, out);
        write_stamp(&rotation.stamp, out);
    });
}

pub(super) fn dual_auth(item: Item<'_>) -> Result<DualAuth, DecodeError> {
    let mut reader = item.structure()?;
    let enabled = required(&mut reader, FIRST)?;
    let stamp = stamp(&mut reader)?;
    reader.finish()?;
    Ok(DualAuth { enabled, stamp })
}

pub(super) fn write_dual_auth(dual_auth: &DualAuth, tag: Tag, out: &mut Writer) {
    out.structure(tag, |out| {
        dual_auth.enabled.write(FIRST, out);
        write_stamp(&dual_auth.stamp, out);
    });
}

pub(super) fn set_for_deletion(item: Item<'_>) -> Result<SetForDeletion, DecodeError> {
    let mut reader = item.structure()?;
    let (by, at) = (required(&mut reader, FIRST)?, required(&mut reader, SECOND)?);
    reader.finish()?;
    Ok(SetForDeletion { by, at })
}

pub(super) fn write_set_for_deletion(set: &SetForDeletion, tag: Tag, out: &mut Writer) {
    out.structure(tag, |out| {
        set.by.write(FIRST, out);
        set.at.write(SECOND, out);
    });
}

pub(super) fn target(item: Item<'_>) -> Result<Target, DecodeError> {
    let mut reader = item.structure()?;
    let (instance, ring, key) =
        (optional(&mut reader, FIRST)?, optional(&mut reader, SECOND)?, optional(&mut reader, THIRD)?);
    reader.finish()?;
    Ok(Target { instance, ring, key })
}

pub(super) fn write_target(target: &Target, tag: Tag, out: &mut Writer) {
    out.structure(tag, |out| {
        write_optional(target.instance.as_ref(), FIRST, out);
        write_optional(target.ring.as_ref(), SECOND, out);
        write_optional(target.key.as_ref(), THIRD, out);
    });
}

fn stamp(reader: &mut Reader<'_>) -> Result<PolicyStamp, DecodeError> {
    Ok(PolicyStamp {
        id: required(reader, STAMP_ID)?,
        created: required(reader, STAMP_CREATED)?,
        created_by: required(reader, STAMP_CREATED_BY)?,
        updated: required(reader, STAMP_UPDATED)?,
        updated_by: required(reader, STAMP_UPDATED_BY)?,
    })
}

fn write_stamp(stamp: &PolicyStamp, out: &mut Writer) {
    stamp.id.write(STAMP_ID, out);
    stamp.created.write(STAMP_CREATED, out);
    stamp.created_by.write(STAMP_CREATED_BY, out);
    stamp.updated.write(STAMP_UPDATED, out);
    stamp.updated_by.write(STAMP_UPDATED_BY, out);
}

pub(super) fn required<T: Field>(reader: &mut Reader<'_>, tag: Tag) -> Result<T, DecodeError> {
    T::read(reader.require(tag)?)
}

pub(super) fn optional<T: Field>(reader: &mut Reader<'_>, tag: Tag) -> Result<Option<T>, DecodeError> {
    reader.take(tag)?.map(T::read).transpose()
}

pub(super) fn write_optional<T: Field>(value: Option<&T>, tag: Tag, out: &mut Writer) {
    if let Some(value) = value {
        value.write(tag, out);
    }
}
