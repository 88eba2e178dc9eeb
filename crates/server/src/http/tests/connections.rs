//! What is remembered of a connection.

use std::net::Ipv4Addr;
use std::sync::Arc;

use keymanager::{Action, Role};

use super::house::House;
use crate::http::attend::Peer;

const PATH: &str = "/api/v2/keys";

async fn token(house: &House) -> String {
    let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={}", house.api_key);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let reply = house.send("POST", "/identity/token", &kind, form).await;
    reply.body["access_token"].as_str().unwrap().to_owned()
}

async fn status(house: &House, peer: &Peer, token: &str) -> u16 {
    let (bearer, instance) = (format!("Bearer {token}"), house.instance.to_string());
    let headers = [("authorization", &*bearer), ("bluemix-instance", &*instance)];
    house.send_over(Some(peer), "GET", PATH, &headers, "").await.status
}

/// The same token but for its last character; that one has bits of the signature.
fn forged(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    format!("{rest}{}", if last == "A" { "Q" } else { "A" })
}

#[tokio::test]
async fn a_token_that_was_good_before_is_asked_about_like_any_other() {
    let administrator = House::new().await;
    let mut house = House::new().await;
    house.api_key = house.appoint_here(&[Role::Manager]).await;
    let peer = Peer { address: Ipv4Addr::LOCALHOST.into(), token: Arc::default() };
    let first = token(&house).await;
    assert_eq!(status(&house, &peer, &first).await, 200);
    assert_eq!(status(&house, &peer, &first).await, 200);
    assert_eq!(status(&house, &peer, &forged(&first)).await, 401);
    assert_eq!(status(&house, &peer, &token(&administrator).await).await, 401, "it is another installation's");
    assert_eq!(status(&house, &peer, &first).await, 200);

    house.wait(3599);
    assert_eq!(status(&house, &peer, &first).await, 200);
    house.wait(1);
    assert_eq!(status(&house, &peer, &first).await, 401, "its time is over");

    let second = token(&house).await;
    assert_eq!(status(&house, &peer, &second).await, 200);
    let who = house.app.keys.authenticate(&house.api_key, (house.app.now)()).await.unwrap();
    let service_id = who.service_id.unwrap().to_string();
    let revoke = house.call(Action::DeleteApiKey);
    house.app.keys.revoke_api_key(&revoke, &service_id, who.api_key).await.unwrap();
    assert_eq!(status(&house, &peer, &second).await, 401, "the API key behind it is revoked");
}
