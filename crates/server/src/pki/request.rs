//! Reading a certificate signing request (PKCS#10, RFC 2986): who asks, and with which key. Whatever else it asks for is ignored.

use super::pem::{Wanted, single_der};
use super::{Error, strength};
use crate::tls;
use rcgen::{DistinguishedName, DnType, SubjectPublicKeyInfo};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// A request whose signature was verified.
pub(super) struct Request {
    pub(super) subject: DistinguishedName,
    pub(super) key: SubjectPublicKeyInfo,
}

/// Reads PEM or DER, verifies that the asker holds the key, and that the key is strong enough.
pub(super) fn read(input: &[u8]) -> Result<Request, Error> {
    let der = single_der(input, Wanted::Request)?;
    let Ok(([], request)) = X509CertificationRequest::from_der(&der) else {
        return Err(Error::Damaged("certificate request"));
    };
    let info = &request.certification_request_info;
    strength::check(&info.subject_pki)?;
    verify(&request)?;
    Ok(Request { subject: subject(&info.subject), key: SubjectPublicKeyInfo::from_der(info.subject_pki.raw)? })
}

fn verify(request: &X509CertificationRequest<'_>) -> Result<(), Error> {
    let info = &request.certification_request_info;
    let algorithms = tls::provider().signature_verification_algorithms.all;
    match tls::verify_signature(info.subject_pki.raw, algorithms, info.raw, &request.signature_value.data) {
        true => Ok(()),
        false => Err(Error::Signature),
    }
}

/// The subject as asked for, so that administrators recognise it; parts that are not text are left out.
fn subject(name: &X509Name<'_>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    for attribute in name.iter_attributes() {
        if let (Some(oid), Ok(value)) = (attribute.attr_type().iter(), attribute.as_str()) {
            subject.push(DnType::from_oid(&oid.collect::<Vec<_>>()), value);
        }
    }
    subject
}
