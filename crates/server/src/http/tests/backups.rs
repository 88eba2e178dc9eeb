//! Backups that are made by hand: what they leave behind for those who look later.

use wrap::primitive::SystemRandom;
use wrap::recovery::{RecoveryKey, RecoveryPublic};

use super::house::House;
use crate::alarm::Alarm;
use crate::expiry::Severity;
use crate::pki::hexadecimal;

/// Another recovery key, from now on.
fn replace_kit(house: &House) -> RecoveryPublic {
    let public = RecoveryKey::generate(&SystemRandom).unwrap().public().unwrap();
    house.app.backups.set_recovery(&public, "a passphrase".into(), (house.app.now)()).unwrap();
    public
}

#[tokio::test]
async fn a_kit_that_is_replaced_while_a_backup_is_made_stays_the_new_one() {
    let house = House::on_disk().await;
    let (backups, now) = (house.app.backups.clone(), (house.app.now)());
    let old = replace_kit(&house);
    let held = house.app.keys.hold_epochs().await;
    let making = tokio::spawn(async move { backups.make(now).await.unwrap() });
    while !house.app.backups.place().exists() {
        tokio::task::yield_now().await;
    }
    house.wait(1);
    let new = replace_kit(&house);
    drop(held);
    assert_eq!(making.await.unwrap().recovery_key, hexadecimal(&old.id()));
    let known = house.app.backups.recovery().unwrap();
    assert_eq!(known.public, hexadecimal(new.as_bytes()));
    assert_eq!(known.made, None, "it opens with the old kit alone, so there is none that the new one opens");
    // The control, and the other way round: what the old kit opened says nothing of the new one.
    house.app.backups.note_verified(now.millis()).unwrap();
    let now = (house.app.now)();
    house.app.backups.make(now).await.unwrap();
    let known = house.app.backups.recovery().unwrap();
    assert_eq!((known.made, known.verified), (Some(now.millis()), None));
    house.app.backups.note_verified(now.millis()).unwrap();
    assert_eq!(house.app.backups.recovery().unwrap().verified, Some(now.millis()));
    // A clock that was put back makes the newest one no older than its key.
    replace_kit(&house);
    house.wait(-100);
    let now = (house.app.now)();
    house.app.backups.make(now).await.unwrap();
    house.app.backups.note_verified(now.millis()).unwrap();
    assert_eq!(house.app.backups.recovery().unwrap().verified, Some(now.millis()));
}

#[tokio::test]
async fn what_becomes_of_a_backup_is_told_whoever_asked_for_it() {
    let mut house = House::on_disk().await;
    house.instance = uuid::Uuid::nil();
    let standing = |house: &House| house.app.alarms.standing(None).iter().any(|alarm| alarm.about == "making");
    let counted = async |house: &House, outcome: &str| {
        let page = house.send("GET", "/metrics", &[("authorization", &format!("Bearer {}", house.api_key))], "").await;
        let line = format!("keystead_backups_total{{outcome=\"{outcome}\"}} ");
        let text = page.body.as_str().unwrap().to_owned();
        text.lines().find_map(|each| each.strip_prefix(&line)?.parse::<u64>().ok()).unwrap_or_default()
    };
    let ask = async |house: &House| {
        let bearer = format!("Bearer {}", house.api_key);
        house.send("POST", "/api/v1/backups", &[("authorization", &bearer)], "").await.status
    };
    assert_eq!(ask(&house).await, 409, "there is no kit");
    assert!(!standing(&house), "nothing was tried");
    replace_kit(&house);
    let place = house.app.backups.place().to_owned();
    std::fs::write(&place, "in the way").unwrap();
    assert_eq!(ask(&house).await, 500);
    assert!(standing(&house));
    std::fs::remove_file(&place).unwrap();
    let (about, message) = ("making".to_owned(), "as a round said".to_owned());
    let since = (house.app.now)();
    let advice = String::new();
    let alarm = Alarm { kind: "backup", about, severity: Severity::Error, message, advice, instance: None, since };
    house.app.alarms.raise(alarm);
    assert_eq!(ask(&house).await, 201);
    assert!(!standing(&house), "a good backup ends it");
    assert_eq!((counted(&house, "success").await, counted(&house, "failure").await), (1, 1));
}
