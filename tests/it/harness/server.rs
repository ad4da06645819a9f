//! A scripted HTTP/1.1 server on a free port of loopback, one thread per connection.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use serde_json::{Map, Value};

use super::books::{Books, Seen};
use super::lookups::{Job, LookedUp, LookupBehaviour, by_the_books};
use super::reply::Reply;
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

/// How often somebody who waits looks at what the server cannot know.
const LOOK: Duration = Duration::from_millis(5);

type Behaviour = dyn Fn(&Asked) -> Reply + Send + Sync;

/// What the threads of the server share.
pub(super) struct Shared {
    pub(super) behaviour: Box<Behaviour>,
    pub(super) lookup: Mutex<Arc<LookupBehaviour>>,
    pub(super) books: Mutex<Books>,
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
            lookup: Mutex::new(by_the_books()),
            books: Mutex::default(),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
            tls,
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || served.accept(&listener));
        Self { shared, address }
    }

    /// From now on look-ups are answered so; the closure is given the answer that the books make.
    pub(crate) fn answer_lookups(&self, behaviour: impl Fn(&LookedUp, Value) -> Reply + Send + Sync + 'static) {
        *self.shared.lookup.lock().unwrap() = Arc::new(behaviour);
    }

    /// Every look-up that arrived whole.
    pub(crate) fn lookups(&self) -> Vec<LookedUp> {
        self.books(|books| books.lookups.clone())
    }

    /// The jobs of a user, to be changed as the provider would.
    pub(crate) fn jobs(&self, user_id: &str, change: impl FnOnce(&mut Vec<Job>)) {
        self.books(|books| change(books.jobs.entry(user_id.to_owned()).or_default()));
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
        self.books(|books| books.requests.clone())
    }

    /// How many requests arrived whole.
    pub(crate) fn count(&self) -> usize {
        self.books(|books| books.requests.len())
    }

    /// The users of those requests, sorted: rows are not bound to be sent in the manifest's order.
    pub(crate) fn users(&self) -> Vec<String> {
        let mut users: Vec<_> = self.requests().into_iter().map(|seen| seen.user_id).collect();
        users.sort();
        users
    }

    /// Users enrolled, each with the SHA-256 of its photo.
    pub(crate) fn held(&self) -> BTreeMap<String, String> {
        self.books(|books| books.held.clone())
    }

    /// Requests, whole or not, that were on their way at the same time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.books(|books| books.most_in_flight)
    }

    pub(crate) fn connections(&self) -> usize {
        self.books(|books| books.connections)
    }

    /// Heads of requests that were no enrollment.
    pub(crate) fn strange(&self) -> Vec<String> {
        self.books(|books| books.strange.clone())
    }

    /// Requests that could not be read as one of ours.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.books(|books| books.broken.clone())
    }

    /// Enrolls a user before any run.
    pub(crate) fn hold(&self, user_id: &str, photo: &[u8]) {
        self.books(|books| books.enroll(user_id, &sha256(photo)));
    }

    /// Waits until so many requests have arrived whole.
    pub(crate) fn wait_for(&self, count: usize) {
        let books = self.shared.books.lock().unwrap();
        let arrived = |books: &mut Books| books.requests.len() < count;
        let (books, timeout) = self
            .shared
            .changed
            .wait_timeout_while(books, PATIENCE, arrived)
            .unwrap();
        assert!(
            !timeout.timed_out(),
            "{} requests arrived, {count} were expected",
            books.requests.len()
        );
    }

    /// Users for whom a whole answer that enrolls was written.
    pub(crate) fn told(&self) -> BTreeSet<String> {
        self.books(|books| books.told.clone())
    }

    /// Every user of whom the first fields of a request were read.
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        self.books(|books| books.begun.keys().cloned().collect())
    }

    /// How many requests have begun, and how many have arrived whole.
    pub(crate) fn progress(&self) -> (usize, usize) {
        self.books(|books| books.progress())
    }

    /// When so many requests have begun and so many have arrived whole, all that are there wait until `release`.
    pub(crate) fn hold_from(&self, begun: usize, arrived: usize) {
        self.books(|books| books.hold_from = Some((begun, arrived)));
    }

    pub(crate) fn release(&self) {
        self.books(|books| books.hold_from = None);
        self.shared.changed.notify_all();
    }

    /// Waits until so many requests have begun and so many have arrived whole, or until `ended` says that no more
    /// will come.
    pub(crate) fn watch(&self, wanted: (usize, usize), mut ended: impl FnMut() -> bool) {
        let mut books = self.shared.books.lock().unwrap();
        while (books.begun.values().sum::<usize>() < wanted.0 || books.requests.len() < wanted.1) && !ended() {
            books = self.shared.changed.wait_timeout(books, LOOK).unwrap().0;
        }
    }

    fn books<T>(&self, read: impl FnOnce(&mut Books) -> T) -> T {
        read(&mut self.shared.books.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the listener up, so that it sees the flag.
        drop(TcpStream::connect(self.address));
    }
}
