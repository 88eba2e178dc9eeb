//! [`GoOn`]: a future that wakes itself while it runs goes on at once.
//!
//! hyper wakes its own task whenever a handler asks for a body. The scheduler takes a task that was woken while it ran for new work: it
//! queues it, and wakes another thread to share in it, for each request. The invariant: **nobody who wakes the future is lost**: it is
//! run again here, or its task is woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;

/// How often it goes on before others have their turn.
const TURNS: usize = 8;

/// Nobody runs it.
const IDLE: u8 = 0;
/// It is being run, and nobody has woken it since that began.
const RUNS: u8 = 1;
/// It was woken.
const WOKEN: u8 = 2;

/// See the module.
pub(super) struct GoOn {
    future: BoxFuture<'static, ()>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// What the future is woken by.
#[derive(Default)]
struct Bell {
    state: AtomicU8,
    task: AtomicWaker,
}

impl GoOn {
    pub(super) fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        let bell = Arc::<Bell>::default();
        GoOn { future: Box::pin(future), waker: bell.clone().into(), bell }
    }
}

impl Future for GoOn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let GoOn { future, bell, waker } = &mut *self;
        bell.task.register(context.waker());
        for _ in 0..TURNS {
            // Not stored: what whoever woke it did before must be seen.
            bell.state.swap(RUNS, Ordering::AcqRel);
            if future.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
                return Poll::Ready(());
            }
            if bell.state.compare_exchange(RUNS, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == IDLE {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Runs it once: whether it ended, and how often its task was woken meanwhile.
    fn once(future: &mut GoOn) -> (bool, usize) {
        let task = Arc::<Task>::default();
        let ended = Pin::new(future).poll(&mut Context::from_waker(&task.clone().into())).is_ready();
        (ended, task.0.load(Ordering::Relaxed))
    }

    /// Wakes itself so often, then ends.
    fn restless(mut times: usize) -> GoOn {
        GoOn::new(poll_fn(move |context| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    #[test]
    fn what_wakes_itself_goes_on_without_its_task_being_woken() {
        assert_eq!(once(&mut restless(1)), (true, 0));
        assert_eq!(once(&mut restless(TURNS - 1)), (true, 0));
    }

    #[test]
    fn others_have_their_turn() {
        let mut future = restless(TURNS);
        assert_eq!(once(&mut future), (false, 1));
        assert_eq!(once(&mut future), (true, 0));
    }

    #[test]
    fn what_is_woken_from_elsewhere_wakes_its_task() {
        let (task, waker) = (Arc::<Task>::default(), Arc::new(std::sync::OnceLock::<Waker>::new()));
        let kept = waker.clone();
        let mut future = GoOn::new(poll_fn(move |context| {
            let _ = kept.set(context.waker().clone());
            Poll::Pending
        }));
        assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&task.clone().into())).is_pending());
        assert_eq!(task.0.load(Ordering::Relaxed), 0);
        waker.get().unwrap().wake_by_ref();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        waker.get().unwrap().wake_by_ref();
        assert_eq!(task.0.load(Ordering::Relaxed), 1, "it is woken already");
    }

    /// Two that hand a number to and fro, each on whichever thread comes: one wake that is lost, and they wait for ever.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_wake_is_lost() {
        let play = |mut from: tokio::sync::mpsc::Receiver<u32>, to: tokio::sync::mpsc::Sender<u32>| {
            tokio::spawn(GoOn::new(async move {
                while let Some(number) = from.recv().await.filter(|number| *number > 0) {
                    let _ = to.send(number - 1).await;
                }
            }))
        };
        let pairs = (0..16).map(|_| {
            let ((there, from_here), (here, from_there)) =
                (tokio::sync::mpsc::channel(1), tokio::sync::mpsc::channel(1));
            there.try_send(5_000).unwrap();
            (play(from_here, here), play(from_there, there))
        });
        for (one, other) in pairs.collect::<Vec<_>>() {
            tokio::time::timeout(Duration::from_secs(60), one).await.unwrap().unwrap();
            tokio::time::timeout(Duration::from_secs(60), other).await.unwrap().unwrap();
        }
    }
}
