//! Who is let in, and who is not.

use keymanager::{Action, Role};
use serde_json::Value;

use super::house::House;
use crate::http::routes;
use crate::http::routes::Route;

/// Everything that is open to everybody.
const PUBLIC: [(&str, &str); 6] = [
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/health/live"),
    ("GET", "/api/v1/health/ready"),
    ("POST", "/identity/token"),
    ("POST", "/oidc/token"),
    ("GET", "/api/v2/openapi.json"),
];

/// A path in which nothing is found. A stream of events is asked for in a way that it is not given.
fn path(route: &Route) -> String {
    let path = route.path.replace(['{', '}'], "");
    if path.ends_with("/events") { format!("{path}?seconds=0") } else { path }
}

fn guarded(house: &House) -> Vec<(Route, Action)> {
    let routes = routes(house.app.clone());
    routes.listed().iter().filter_map(|route| Some((route.clone(), route.action?))).collect()
}

#[tokio::test]
async fn every_route_asks_who_is_there_but_for_the_listed_ones() {
    let house = House::new().await;
    let instance = house.instance.to_string();
    let routes = routes(house.app.clone());
    assert!(routes.listed().len() > 20);
    for route in routes.listed() {
        let public = PUBLIC.contains(&(route.method, &route.path));
        assert_eq!(route.action.is_none(), public, "{route:?}");
        for authorization in [
            "",
            "Bearer ",
            "Bearer keystead_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA",
            "Basic YWRtaW46YWRtaW4=",
        ] {
            let headers = [("authorization", authorization), ("bluemix-instance", &*instance)];
            let reply = house.send(route.method, &path(route), &headers, "not json").await;
            assert_eq!(reply.status == 401, !public, "{route:?} {authorization}: {}", reply.status);
        }
    }
}

#[tokio::test]
async fn a_role_opens_the_routes_that_the_table_says_and_no_others() {
    let mut house = House::new().await;
    let routes = guarded(&house);
    for role in Role::ALL {
        house.api_key = house.appoint_here(&[*role]).await;
        for (route, action) in &routes {
            let reply = house.ask(route.method, &path(route), "not json").await;
            assert_eq!(reply.status == 401, !role.may(*action), "{role:?} {route:?}: {} {}", reply.status, reply.body);
        }
    }
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_like_one_without_access() {
    let mut house = House::new().await;
    let foreign = house.tenant().await;
    house.api_key = house.appoint_here(&[Role::Manager]).await;
    house.check("GET", "/api/v2/keys", "", 200, "main").await;
    let mut answers: Vec<Value> = Vec::new();
    for instance in [foreign.to_string(), "00000000-0000-4000-8000-000000000000".into(), "us-south".into()] {
        let bearer = format!("Bearer {}", house.api_key);
        let headers = [("authorization", &*bearer), ("bluemix-instance", &*instance)];
        let reply = house.send("GET", "/api/v2/keys", &headers, "").await;
        assert_eq!(reply.status, 401, "{instance}");
        answers.push(reply.body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_revoked_key_opens_nothing() {
    let house = House::new().await;
    house.check("GET", "/api/v2/keys", "", 200, "main").await;
    let service_id = house.app.keys.service_ids(&house.call(Action::ListServiceIds)).await.unwrap().remove(0).id;
    let service_id = service_id.to_string();
    let key = house.app.keys.api_keys(&house.call(Action::ListApiKeys), &service_id).await.unwrap()[0].id;
    house.app.keys.revoke_api_key(&house.call(Action::DeleteApiKey), &service_id, key).await.unwrap();
    house.check("GET", "/api/v2/keys", "", 401, "UNAUTHORIZED_ERR").await;
}
