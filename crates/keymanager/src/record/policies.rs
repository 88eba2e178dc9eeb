//! The policies of an instance, as their record has them. Numbers here are part of the data format.
//!
//! The invariant: **a policy has the attributes of its sort**, and one with others, or of a sort that is not known, is no policy.

use super::Field;
use super::structures::{optional, required, write_optional};
use crate::{CreateImportAccess, InstancePolicy, Network, Rule};
use kmip::Tag;
use kmip::ttlv::{DecodeError, Fault, Item, Reader, Writer};
use std::net::IpAddr;

const SORT: Tag = Tag(0x54_1A10);
const ENABLED: Tag = Tag(0x54_1A11);
const PRIVATE_ONLY: Tag = Tag(0x54_1A12);
const NETWORK: Tag = Tag(0x54_1A13);
const CREATE_ROOT_KEY: Tag = Tag(0x54_1A14);
const CREATE_STANDARD_KEY: Tag = Tag(0x54_1A15);
const IMPORT_ROOT_KEY: Tag = Tag(0x54_1A16);
const IMPORT_STANDARD_KEY: Tag = Tag(0x54_1A17);
const ENFORCE_TOKEN: Tag = Tag(0x54_1A18);
const INTERVAL_MONTH: Tag = Tag(0x54_1A19);
const CREATED: Tag = Tag(0x54_1A1A);
const CREATED_BY: Tag = Tag(0x54_1A1B);
const UPDATED: Tag = Tag(0x54_1A1C);
const UPDATED_BY: Tag = Tag(0x54_1A1D);

pub(super) fn policy(item: Item<'_>) -> Result<InstancePolicy, DecodeError> {
    let mut reader = item.structure()?;
    let policy = InstancePolicy {
        rule: rule(&mut reader)?,
        enabled: required(&mut reader, ENABLED)?,
        created: required(&mut reader, CREATED)?,
        created_by: required(&mut reader, CREATED_BY)?,
        updated: required(&mut reader, UPDATED)?,
        updated_by: required(&mut reader, UPDATED_BY)?,
    };
    reader.finish()?;
    Ok(policy)
}

pub(super) fn write_policy(policy: &InstancePolicy, tag: Tag, out: &mut Writer) {
    out.structure(tag, |out| {
        write_rule(&policy.rule, out);
        policy.enabled.write(ENABLED, out);
        policy.created.write(CREATED, out);
        policy.created_by.write(CREATED_BY, out);
        policy.updated.write(UPDATED, out);
        policy.updated_by.write(UPDATED_BY, out);
    });
}

fn sort(rule: &Rule) -> u32 {
    match rule {
        Rule::DualAuthDelete => 1,
        Rule::AllowedNetwork { .. } => 2,
        Rule::AllowedIp(_) => 3,
        Rule::KeyCreateImportAccess(_) => 4,
        Rule::Metrics => 5,
        Rule::Rotation { .. } => 6,
    }
}

fn rule(reader: &mut Reader<'_>) -> Result<Rule, DecodeError> {
    match reader.require(SORT)?.enumeration()? {
        1 => Ok(Rule::DualAuthDelete),
        2 => Ok(Rule::AllowedNetwork { private_only: required(reader, PRIVATE_ONLY)? }),
        3 => networks(reader).map(Rule::AllowedIp),
        4 => access(reader).map(Rule::KeyCreateImportAccess),
        5 => Ok(Rule::Metrics),
        6 => Ok(Rule::Rotation { interval_month: optional(reader, INTERVAL_MONTH)? }),
        _ => Err(Fault::Value.at(SORT)),
    }
}

fn write_rule(rule: &Rule, out: &mut Writer) {
    out.enumeration(SORT, sort(rule));
    match rule {
        Rule::DualAuthDelete | Rule::Metrics => {}
        Rule::AllowedNetwork { private_only } => private_only.write(PRIVATE_ONLY, out),
        Rule::AllowedIp(networks) => networks.iter().for_each(|network| write_network(network, out)),
        Rule::KeyCreateImportAccess(access) => write_access(access, out),
        Rule::Rotation { interval_month } => write_optional(interval_month.as_ref(), INTERVAL_MONTH, out),
    }
}

fn access(reader: &mut Reader<'_>) -> Result<CreateImportAccess, DecodeError> {
    Ok(CreateImportAccess {
        create_root_key: required(reader, CREATE_ROOT_KEY)?,
        create_standard_key: required(reader, CREATE_STANDARD_KEY)?,
        import_root_key: required(reader, IMPORT_ROOT_KEY)?,
        import_standard_key: required(reader, IMPORT_STANDARD_KEY)?,
        enforce_token: required(reader, ENFORCE_TOKEN)?,
    })
}

fn write_access(access: &CreateImportAccess, out: &mut Writer) {
    access.create_root_key.write(CREATE_ROOT_KEY, out);
    access.create_standard_key.write(CREATE_STANDARD_KEY, out);
    access.import_root_key.write(IMPORT_ROOT_KEY, out);
    access.import_standard_key.write(IMPORT_STANDARD_KEY, out);
    access.enforce_token.write(ENFORCE_TOKEN, out);
}

fn networks(reader: &mut Reader<'_>) -> Result<Vec<Network>, DecodeError> {
    let mut networks = Vec::new();
    while let Some(item) = reader.take(NETWORK)? {
        networks.push(network(item.bytes()?).ok_or(Fault::Value.at(NETWORK))?);
    }
    Ok(networks)
}

/// The prefix, then the address: 4 or 16 bytes.
fn network(bytes: &[u8]) -> Option<Network> {
    let (prefix, address) = bytes.split_first()?;
    let v4 = <[u8; 4]>::try_from(address).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(address).map(IpAddr::from)).ok()?;
    Some(Network { address, prefix: *prefix })
}

fn write_network(network: &Network, out: &mut Writer) {
    let prefix = [network.prefix];
    match network.address {
        IpAddr::V4(address) => out.bytes(NETWORK, &[&prefix[..], &address.octets()].concat()),
        IpAddr::V6(address) => out.bytes(NETWORK, &[&prefix[..], &address.octets()].concat()),
    }
}
