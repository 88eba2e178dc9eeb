//! Random lives of a root key against a model of a few lines, with restarts in between.

use crate::{AAD, AT_ONCE, NOW, call, make, memory, new, of, open_with, secret, seen, tenant};
use keymanager::{Action, Event, Key, KeyManager, State};
use proptest::prelude::*;
use std::sync::Arc;
use store::Store;
use wrap::{Error, Wrapped, Wrapper};

#[derive(Clone, Copy, Debug)]
enum Step {
    Administer(Event),
    Wrap,
    UnwrapAll,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let administration = [Event::Rotate, Event::Disable, Event::Enable, Event::Delete, Event::Restore];
    prop_oneof![
        5 => prop::sample::select(administration.to_vec()).prop_map(Step::Administer),
        3 => Just(Step::Wrap),
        2 => Just(Step::UnwrapAll),
        1 => Just(Step::Restart),
    ]
}

/// What must be true of the key.
struct Model {
    state: State,
    versions: u32,
    wrapped: Vec<(Vec<u8>, u32, Wrapped)>,
}

struct Life {
    store: Arc<dyn Store>,
    manager: KeyManager,
    key: Key,
    model: Model,
}

impl Life {
    async fn begin() -> Self {
        let store = memory().await;
        let manager = open_with(&store, AT_ONCE).await;
        let instance = tenant(&manager).await;
        let key = make(&manager, instance, new("crk")).await;
        Life { store, manager, key, model: Model { state: State::Active, versions: 1, wrapped: Vec::new() } }
    }

    async fn go(&mut self, step: Step) {
        match step {
            Step::Administer(event) => self.administer(event).await,
            Step::Wrap => self.wrap().await,
            Step::UnwrapAll => self.unwrap_all().await,
            Step::Restart => self.manager = open_with(&self.store, AT_ONCE).await,
        }
        let key = seen(&self.manager, &self.key, NOW).await;
        assert_eq!((key.state, key.versions), (self.model.state, self.model.versions));
    }

    async fn administer(&mut self, event: Event) {
        let (manager, id) = (&self.manager, self.key.id.to_string());
        let call = |action| call(self.key.instance, action);
        let done = match event {
            Event::Rotate => manager.rotate(&call(Action::RotateKey), &id, None).await,
            Event::Disable => manager.disable(&call(Action::DisableKey), &id).await,
            Event::Enable => manager.enable(&call(Action::EnableKey), &id).await,
            Event::Delete => manager.delete_key(&call(Action::DeleteKey), &id, false).await,
            Event::Restore => manager.restore(&call(Action::RestoreKey), &id).await,
            Event::Wrap | Event::Unwrap | Event::Expire => panic!("not for administrators"),
        };
        assert_eq!(done.is_ok(), self.model.state.after(event).is_ok(), "{event:?}");
        if let Ok(state) = self.model.state.after(event) {
            self.model.state = state;
            self.model.versions += u32::from(event == Event::Rotate);
        }
    }

    async fn wrap(&mut self) {
        let content = vec![7; self.model.wrapped.len()];
        match self.manager.wrap(&of(&self.key), &secret(&content), AAD).await {
            Ok(wrapped) => self.model.wrapped.push((content, self.model.versions, wrapped)),
            Err(error) => self.refused(&error),
        }
    }

    async fn unwrap_all(&self) {
        for (content, version, wrapped) in &self.model.wrapped {
            match self.manager.unwrap(&of(&self.key), wrapped, AAD).await {
                Ok(unwrapped) => {
                    assert_eq!(self.model.state, State::Active);
                    assert_eq!(unwrapped.plaintext.expose(), content);
                    assert_eq!(unwrapped.rewrapped.is_some(), *version < self.model.versions);
                }
                Err(error) => self.refused(&error),
            }
        }
    }

    fn refused(&self, error: &Error) {
        match self.model.state {
            State::Suspended => assert!(matches!(error, Error::Disabled(id) if *id == self.key.id)),
            State::Destroyed => assert!(matches!(error, Error::Deleted(id) if *id == self.key.id)),
            State::PreActive | State::Active | State::Deactivated => panic!("{error} in state {}", self.model.state),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_root_key_lives_as_the_table_says(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut life = Life::begin().await;
            for step in steps {
                life.go(step).await;
            }
        });
    }
}
