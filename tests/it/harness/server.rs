//! A scripted HTTP/1.1 server on a free port of loopback, one thread per connection.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value};

use super::reply::Reply;
use super::state::{Seen, State};
use super::{PATIENCE, sha256};

/// A request whose photo has not been read yet: what the script decides on.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) user_id: String,
    /// Which attempt of this user it is, from 1.
    pub(crate) nth: usize,
    /// Which request of all it is, from 1.
    pub(crate) order: usize,
    pub(crate) key: Option<&'static str>,
    pub(super) fields: Map<String, Value>,
}

impl Asked {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

type Behaviour = dyn Fn(&Asked) -> Reply + Send + Sync;

/// What the threads of the server share.
pub(super) struct Shared {
    pub(super) behaviour: Box<Behaviour>,
    pub(super) state: Mutex<State>,
    /// A request has arrived.
    pub(super) changed: Condvar,
    pub(super) closing: AtomicBool,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
}

/// The server; it ends with the test.
pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Server {
    /// Answers as the closure says.
    pub(crate) fn new(behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Box::new(behaviour), None)
    }

    /// Enrolls everybody once.
    pub(crate) fn success() -> Self {
        Self::new(|_| Reply::success())
    }

    /// Takes the replies in this order, whoever asks, and enrolls after the last of them.
    pub(crate) fn in_order(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        Self::new(move |asked| replies.get(asked.order - 1).cloned().unwrap_or_else(Reply::success))
    }

    /// Takes each user's replies in order, and enrolls after the last of them.
    pub(crate) fn script<const N: usize>(users: [(&str, Vec<Reply>); N]) -> Self {
        let users: BTreeMap<_, _> = users.map(|(user, replies)| (user.to_owned(), replies)).into();
        Self::new(move |asked| {
            let reply = users.get(&asked.user_id).and_then(|replies| replies.get(asked.nth - 1));
            reply.cloned().unwrap_or_else(Reply::success)
        })
    }

    /// The same over TLS.
    pub(crate) fn tls(config: rustls::ServerConfig) -> Self {
        Self::start(Box::new(|_| Reply::success()), Some(Arc::new(config)))
    }

    fn start(behaviour: Box<Behaviour>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behaviour,
            state: Mutex::default(),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
            tls,
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || served.accept(&listener));
        Self { shared, address }
    }

    /// The base URL, `http://127.0.0.1:<port>` or the same with https.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request that arrived whole, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.state(|state| state.requests.clone())
    }

    /// How many requests arrived whole.
    pub(crate) fn count(&self) -> usize {
        self.state(|state| state.requests.len())
    }

    /// The users of those requests, sorted: rows are not bound to be sent in the manifest's order.
    pub(crate) fn users(&self) -> Vec<String> {
        let mut users: Vec<_> = self.requests().into_iter().map(|seen| seen.user_id).collect();
        users.sort();
        users
    }

    /// Users enrolled, each with the SHA-256 of its photo.
    pub(crate) fn held(&self) -> BTreeMap<String, String> {
        self.state(|state| state.held.clone())
    }

    /// Requests, whole or not, that were on their way at the same time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.state(|state| state.most_in_flight)
    }

    pub(crate) fn connections(&self) -> usize {
        self.state(|state| state.connections)
    }

    /// Heads of requests that were no enrollment.
    pub(crate) fn strange(&self) -> Vec<String> {
        self.state(|state| state.strange.clone())
    }

    /// Requests that could not be read as one of ours.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.state(|state| state.broken.clone())
    }

    /// Enrolls a user before any run.
    pub(crate) fn hold(&self, user_id: &str, photo: &[u8]) {
        self.state(|state| state.enroll(user_id, &sha256(photo)));
    }

    /// Waits until so many requests have arrived whole.
    pub(crate) fn wait_for(&self, count: usize) {
        let state = self.shared.state.lock().unwrap();
        let arrived = |state: &mut State| state.requests.len() < count;
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, arrived)
            .unwrap();
        assert!(
            !timeout.timed_out(),
            "{} requests arrived, {count} were expected",
            state.requests.len()
        );
    }

    fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.shared.state.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the listener up, so that it sees the flag.
        drop(TcpStream::connect(self.address));
    }
}
