//! What the server refused, as a [`Failure`]: its own words for what is wrong, ours for what to type next.

use reqwest::StatusCode;

use crate::api::{ErrorBody, ErrorResource};
use crate::cli::Failure;

/// What to do about the refusals that a command mends.
const REMEDIES: [(&str, &str); 9] = [
    (
        "PROTECTED_RESOURCE_ERR",
        "`keystead rootkey registrations` shows what uses a root key; --force deletes it all the same",
    ),
    (
        "AUTHORIZATIONS_NOT_MET",
        "let somebody else set it for deletion first, with the verb `set-for-deletion`, or purge it",
    ),
    ("SECOND_PERSON_ERR", "have another person, with an API key of their own, give the same command"),
    ("KEY_DELETED_ERR", "bring it back first, with the verb `restore`"),
    ("IMPORT_TOKEN_NOT_FOUND_ERR", "keystead import-token create"),
    ("IMPORT_TOKEN_EXPIRED_ERR", "keystead import-token create"),
    ("KEY_CREATE_IMPORT_ACCESS_ERR", "`keystead instance policy list` shows the instance's policies"),
    ("KEY_ROOT_REQ_ERR", "`keystead rootkey list` shows the root keys"),
    ("AMBIGUOUS_NAME_ERR", "see the identifiers with the verb `list`"),
];

const NO_ACCESS: &str = "an administrator gives roles with `keystead access grant`, whose --help says what each is for; --instance \
names another instance";

/// What an answer that is no success says. `origin` is where the API key came from.
pub(super) fn failure(status: StatusCode, body: &[u8], origin: &str) -> Failure {
    let said = serde_json::from_slice::<ErrorBody>(body).ok().and_then(|body| body.resources.into_iter().next());
    let Some(ErrorResource { error_msg, reasons }) = said else {
        return Failure::new(format!("the server answered {status}"), otherwise(status));
    };
    match (status, reasons.into_iter().next()) {
        (StatusCode::UNAUTHORIZED, None) => Failure::no_access(
            "the API key is good, but may not do this: its service ID lacks the role, there is no such instance, or the instance's \
policies refuse this address",
            NO_ACCESS,
        ),
        (StatusCode::UNAUTHORIZED, Some(reason)) => Failure::new(
            reason.message,
            format!("check the API key in {origin}: it may have been revoked, or belong to another server"),
        ),
        (_, None) => Failure::new(error_msg, otherwise(status)),
        (_, Some(reason)) => {
            let known = REMEDIES.iter().find(|(code, _)| *code == reason.code);
            let remedy = known.map_or_else(|| otherwise(status), |(_, remedy)| remedy);
            match status {
                StatusCode::NOT_FOUND => Failure::not_found(reason.message, remedy),
                _ => Failure::new(reason.message, remedy),
            }
        }
    }
}

fn otherwise(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => "wait a minute: too many wrong API keys were shown from this address",
        status if status.is_server_error() => "look for the correlation id in the server's log",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{StatusCode, failure};

    #[test]
    fn refusals_say_what_is_wrong_and_what_to_do() {
        let reasons = |code: &str| {
            format!(r#", "reasons": [{{"code": "{code}", "message": "it is wrong", "status": 409, "moreInfo": ""}}]"#)
        };
        let cases = [
            (401, String::new(), "its service ID lacks the role", "keystead access grant", true, false),
            (401, reasons("UNAUTHORIZED_ERR"), "it is wrong", "check the API key in FILE", false, false),
            (404, reasons("KEY_NOT_FOUND_ERR"), "it is wrong", "", false, true),
            (404, reasons("IMPORT_TOKEN_NOT_FOUND_ERR"), "it is wrong", "import-token create", false, true),
            (409, reasons("PROTECTED_RESOURCE_ERR"), "it is wrong", "rootkey registrations", false, false),
            (410, reasons("KEY_DELETED_ERR"), "it is wrong", "restore", false, false),
            (429, String::new(), "Sentence", "wait a minute", false, false),
            (500, reasons("INTERNAL_ERR"), "it is wrong", "correlation id", false, false),
        ];
        for (status, reasons, what, remedy, no_access, not_found) in cases {
            let body = format!(
                r#"{{"metadata": {{"collectionTotal": 1}}, "resources": [{{"errorMsg": "Sentence"{reasons}}}]}}"#
            );
            let failure = failure(StatusCode::from_u16(status).unwrap(), body.as_bytes(), "FILE");
            let text = failure.to_string();
            assert!(text.contains(what) && text.contains(remedy), "{status} {reasons}: {text}");
            assert_eq!((failure.is_no_access(), failure.is_not_found(), failure.code()), (no_access, not_found, 1));
        }
        let odd = failure(StatusCode::BAD_GATEWAY, b"<html>", "FILE").to_string();
        assert!(odd.contains("502"), "{odd}");
    }
}
