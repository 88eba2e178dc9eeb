//! Lists of keys: what is asked for, in which order, and what is said beside.

use serde_json::{Value, json};

use super::house::House;

/// Parameters of a query.
type Pairs<'a> = &'a [(&'a str, &'a str)];

fn path(pairs: Pairs) -> String {
    format!("/api/v2/keys?{}", serde_urlencoded::to_string(pairs).unwrap())
}

impl House {
    async fn named(&self, pairs: Pairs<'_>) -> (Vec<String>, Value, Option<String>) {
        let reply = self.ask("GET", &path(pairs), "").await;
        assert_eq!(reply.status, 200, "{pairs:?}: {}", reply.body);
        let keys = reply.body["resources"].as_array().unwrap();
        let names = keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect();
        let total = reply.headers.get("key-total").map(|total| total.to_str().unwrap().to_owned());
        (names, reply.body["metadata"].clone(), total)
    }
}

/// Beside the root key `main` of 08:00:00: `beta`, which was rotated, of 08:01:40.25, `Alpha` with an alias, of 08:03:20.25, `gone`,
/// which was deleted, and `shut`, which is disabled.
async fn furnished() -> House {
    let house = House::new().await;
    house.wait_ms(100_250);
    let beta = house.key(json!({"name": "beta", "extractable": false})).await;
    house.wait(100);
    house.key(json!({"name": "Alpha", "aliases": ["beta-max"], "payload": "AA==", "expirationDate": "2028-01-01T00:00:00Z"})).await;
    house.wait(100);
    assert_eq!(house.ask("POST", &format!("/api/v2/keys/{beta}/actions/rotate"), "").await.status, 204);
    let gone = house.key(json!({"name": "gone"})).await;
    assert_eq!(house.ask("DELETE", &format!("/api/v2/keys/{gone}"), "").await.status, 204);
    house.wait(1);
    let shut = house.key(json!({"name": "shut", "extractable": false})).await;
    assert_eq!(house.ask("POST", &format!("/api/v2/keys/{shut}/actions/disable"), "").await.status, 204);
    house
}

#[tokio::test]
async fn a_list_is_of_what_was_asked_for() {
    let house = furnished().await;
    let sorted = ("sort", "creationDate");
    let cases: &[(Pairs, &[&str])] = &[
        (&[], &["main", "beta", "Alpha", "shut"]),
        (&[("state", "")], &["main", "beta", "Alpha", "shut"]),
        (&[("state", "1")], &["main", "beta", "Alpha"]),
        (&[("state", "2,5")], &["gone", "shut"]),
        (&[("state", "2"), ("state", "5")], &["gone", "shut"]),
        (&[("extractable", "true")], &["Alpha"]),
        (&[("extractable", "False")], &["main", "beta", "shut"]),
        (&[("limit", "2")], &["main", "beta"]),
        (&[("limit", "2"), ("offset", "1")], &["beta", "Alpha"]),
        (&[("offset", "4")], &[]),
        // Searches.
        (&[("search", "ALPHA")], &["Alpha"]),
        (&[("search", "bet")], &["beta", "Alpha"]),
        (&[("search", "beta,")], &["beta", "Alpha"]),
        (&[("search", ",")], &["main", "beta", "Alpha", "shut"]),
        (&[("search", "name:beta")], &["beta"]),
        (&[("search", "alias:beta")], &["Alpha"]),
        (&[("search", "alias:name:beta")], &["beta", "Alpha"]),
        (&[("search", "exact:beta")], &["beta"]),
        (&[("search", "not:beta")], &["main", "shut"]),
        (&[("search", "exact:not:name:beta")], &["main", "Alpha", "shut"]),
        (&[("search", "escape:not:beta")], &[]),
        (&[("search", "no:beta")], &[]),
        // Filters, with the blank that IBM's Go client begins with.
        (&[("filter", " state=2,5")], &["gone", "shut"]),
        (&[("filter", "extractable=FALSE state=1")], &["main", "beta"]),
        (&[("filter", "lastRotateDate=none")], &["main", "Alpha", "shut"]),
        (&[("filter", "expirationDate=None extractable=false")], &["main", "beta", "shut"]),
        (&[("filter", r#"creationDate="2027-01-15T08:01:40Z""#)], &["beta"]),
        (&[("filter", r#"creationDate="2027-01-15T09:01:40.5+01:00""#)], &["beta"]),
        (&[("filter", r#"creationDate=gt:"2027-01-15T08:01:40Z""#)], &["Alpha", "shut"]),
        (&[("filter", r#"creationDate=gte:"2027-01-15T08:01:40Z""#)], &["beta", "Alpha", "shut"]),
        (&[("filter", r#"creationDate=lt:"2027-01-15T08:01:40Z""#)], &["main"]),
        (&[("filter", r#"creationDate=lte:"2027-01-15T08:01:40Z""#)], &["main", "beta"]),
        (&[("filter", "creationDate=lte:2027-01-15T08:01:40Z")], &["main", "beta"]),
        (
            &[("filter", r#"creationDate=gt:"2027-01-15T08:00:00Z"  creationDate=lt:"2027-01-15T08:05:00Z""#)],
            &["beta", "Alpha"],
        ),
        (&[("filter", r#"deletionDate=gt:"2027-01-15T08:00:00Z" state=5"#)], &["gone"]),
        (&[("filter", "state=1"), ("extractable", "true")], &["Alpha"]),
    ];
    for (pairs, expected) in cases {
        let (names, metadata, _) = house.named(&[pairs, &[sorted][..]].concat()).await;
        assert_eq!(names, *expected, "{pairs:?}");
        assert_eq!(metadata["collectionTotal"], expected.len(), "{pairs:?}");
        assert_eq!(metadata["collectionType"], "application/vnd.ibm.kms.key+json");
        let counted = pairs.iter().all(|(name, _)| ["state", "extractable", "filter", "search"].contains(name));
        if counted {
            let reply = house.ask("HEAD", &path(pairs), "").await;
            let total = reply.headers["key-total"].to_str().unwrap();
            assert_eq!(
                (reply.status, total, reply.body),
                (200, &*expected.len().to_string(), Value::Null),
                "{pairs:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_list_is_in_the_order_that_was_asked_for() {
    let house = furnished().await;
    let all = ("state", "1,2,5");
    let cases = [
        ("creationDate", ["main", "beta", "Alpha", "gone", "shut"]),
        ("-extractable,creationDate", ["Alpha", "gone", "main", "beta", "shut"]),
        ("-state,-creationDate", ["gone", "shut", "Alpha", "beta", "main"]),
        ("imported,creationDate", ["main", "beta", "gone", "shut", "Alpha"]),
    ];
    for (sort, expected) in cases {
        let (names, ..) = house.named(&[all, ("sort", sort)]).await;
        assert_eq!(names, expected, "{sort}");
    }
    let ids = house.ask("GET", "/api/v2/keys", "").await.body;
    let ids: Vec<&str> = ids["resources"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn a_search_says_how_it_was_understood() {
    let house = furnished().await;
    let understood = |query: &str, scopes: Value, not: bool, exact: bool| json!({"query": query, "scopes": scopes, "not": not, "exact": exact});
    let cases = [
        ("beta", understood("beta", json!(["name", "alias"]), false, false)),
        ("not:exact:beta", understood("beta", json!(["name", "alias"]), true, true)),
        ("alias:beta,", understood("beta", json!(["alias"]), false, false)),
        ("name:escape:not:x", understood("not:x", json!(["name"]), false, false)),
        ("exact:a:b", understood("a:b", json!(["name", "alias"]), false, true)),
    ];
    for (search, expected) in cases {
        let (_, metadata, _) = house.named(&[("search", search)]).await;
        assert_eq!((&metadata["searchQuery"], &metadata["incompleteSearch"]), (&expected, &json!(false)), "{search}");
    }
    let (_, metadata, _) = house.named(&[]).await;
    assert!(metadata.get("searchQuery").is_none() && metadata.get("incompleteSearch").is_none());
}

#[tokio::test]
async fn a_list_says_how_many_there_are_where_that_is_known() {
    let house = furnished().await;
    let cases: &[(Pairs, Option<&str>)] = &[
        (&[], Some("4")),
        (&[("state", "5")], Some("1")),
        (&[("extractable", "false")], Some("3")),
        (&[("limit", "1"), ("sort", "state")], Some("4")),
        (&[("limit", "1")], None),
    ];
    for (pairs, expected) in cases {
        let (_, _, total) = house.named(pairs).await;
        assert_eq!(total.as_deref(), *expected, "{pairs:?}");
    }
}

#[tokio::test]
async fn a_list_may_be_of_one_ring() {
    let house = furnished().await;
    assert_eq!(house.ask("POST", "/api/v2/key_rings/vsan", "").await.status, 201);
    for (ring, expected) in [("vsan", 0), ("default", 4)] {
        let headers = [("x-kms-key-ring", ring)];
        let listed = house.ask_with("GET", "/api/v2/keys", &headers, "").await;
        assert_eq!(listed.body["resources"].as_array().map(Vec::len), Some(expected), "{ring}");
        let counted = house.ask_with("HEAD", "/api/v2/keys", &headers, "").await;
        assert_eq!(counted.headers["key-total"], expected.to_string(), "{ring}");
    }
}

#[tokio::test]
async fn what_can_not_be_asked_for_is_told() {
    let house = furnished().await;
    let date = r#"creationDate=gte:"2027-01-15T08:01:40Z""#;
    let four = [date; 4].join(" ");
    let cases: &[(Pairs, &str)] = &[
        (&[("limit", "0")], "limit"),
        (&[("limit", "5001")], "limit"),
        (&[("limit", "x")], "limit"),
        (&[("offset", "-1")], "offset"),
        (&[("state", "4")], "state"),
        (&[("state", "active")], "state"),
        (&[("extractable", "yes")], "extractable"),
        (&[("sort", "name")], "sort"),
        (&[("sort", "--id")], "sort"),
        (&[("search", "name:")], "search"),
        (&[("search", "not:exact:,")], "search"),
        (&[("filter", "name=beta")], "filter"),
        (&[("filter", "state")], "filter"),
        (&[("filter", "state=")], "filter"),
        (&[("filter", "state=1 state=5")], "filter"),
        (&[("filter", "state=1, 5")], "filter"),
        (&[("filter", "extractable=none")], "filter"),
        (&[("filter", "extractable=true extractable=true")], "filter"),
        (&[("filter", "creationDate=yesterday")], "filter"),
        (&[("filter", "creationDate=gt:none")], "filter"),
        (&[("filter", r#"creationDate=eq:"2027-01-15T08:01:40Z""#)], "filter"),
        (&[("filter", r#"creationDate=gt:"2027-01-15""#)], "filter"),
        (&[("filter", r#"creationDate=gt:"2027-01-15T08:01:40Z"#)], "filter"),
        (&[("filter", &four)], "filter"),
        (&[("filter", "state=1"), ("state", "1")], "filter"),
        (&[("filter", "extractable=true"), ("extractable", "true")], "filter"),
    ];
    for (pairs, parameter) in cases {
        let reply = house.ask("GET", &path(pairs), "").await;
        let reason = &reply.body["resources"][0]["reasons"][0];
        assert_eq!(
            (reply.status, &reason["code"]),
            (400, &json!("INVALID_QUERY_PARAM_ERR")),
            "{pairs:?}: {}",
            reply.body
        );
        assert_eq!(reason["target"], json!({"type": "query_param", "name": parameter}), "{pairs:?}");
    }
    let three = [date; 3].join(" ");
    house.named(&[("filter", &three)]).await;
}
