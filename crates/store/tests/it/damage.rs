//! A damaged database gives an error that says so, and never a panic.

use std::fs;
use std::path::Path;

use store::{Error, Expect};
use tempfile::tempdir;

use crate::common::{batch, everything, filled, key, open, put};

/// Opens a damaged file, reads and writes all over it: errors say so, and nothing panics or reports a wrong body.
async fn check_damaged(path: &Path) -> Result<(), Error> {
    let store = open(path).await?;
    let mut outcome = Ok(());
    for id in 0..200 {
        match store.get(&key(id)).await {
            Ok(_) => {}
            Err(error) => outcome = Err(error),
        }
    }
    for read in [store.find(&everything()).await.map(drop), store.events(0, 10).await.map(drop)] {
        outcome = outcome.and(read);
    }
    let written = store.commit(batch(vec![put(1000, Expect::Absent, 5000), put(1001, Expect::Absent, 10)])).await;
    outcome.and(written.or_else(|error| if matches!(error, Error::Conflict(_)) { Ok(()) } else { Err(error) }))
}

#[tokio::test]
async fn damage_is_an_error_that_names_the_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path, 200).await;
    let whole = fs::read(&path).unwrap();
    let mut found = 0;
    let damages = [0, 18, 20, 60, 68, 100, 105].into_iter().chain((1..60).map(|turn| turn * 4099 % whole.len()));
    for (at, length) in damages.flat_map(|at| [(at, 1), (at, 600)]) {
        let mut bytes = whole.clone();
        let end = bytes.len().min(at + length);
        bytes[at..end].iter_mut().for_each(|byte| *byte = !*byte);
        fs::write(&path, bytes).unwrap();
        for left in ["store.db-wal", "store.db-log1", "store.db-log2"] {
            let _ = fs::remove_file(folder.path().join(left));
        }
        match check_damaged(&path).await {
            Ok(()) => {}
            Err(Error::Damaged(text)) => {
                assert!(text.contains("store.db") && text.contains("restore"), "{text}");
                found += 1;
            }
            Err(Error::Newer { .. }) if at <= 60 && at + length > 60 => {}
            Err(Error::Io(text)) if at == 18 && text.contains("readonly") => {}
            Err(error) => panic!("{error:?} from damage at {at}"),
        }
    }
    assert!(found > 15, "{found}: damage inside a body shows only when its seal is opened");
    for length in [1, 100, 4096, whole.len() / 2] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(check_damaged(&path).await, Err(Error::Damaged(_))), "cut to {length}");
    }
}
