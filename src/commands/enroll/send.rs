//! Sends what is outstanding. Everything that can fail without a request has to fail before the first one.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::Prepared;
use super::watch::Watch;
use crate::client::{Client, ClientSettings};
use crate::commands::{FIXED_OBJECT_READS, runtime, simulator::listen};
use crate::config::{ConfigError, Destination, EnrollConfig};
use crate::domain::{endpoint::Endpoint, signature::Signer};
use crate::error::Error;
use crate::ledger::companions;
use crate::output::Publisher;
use crate::photo::{Fixer, OwnFiles, Photos, Stores};
use crate::run::{Ended, RunSettings, Services, drive, wanted_photo_memory};
use crate::simulator::{Settings, Simulator};
use crate::sys::{memory, signals::Signals};
use crate::terminal::Reporter;

/// File descriptors that are kept free of connections: standard streams, ledger, results, photos being read.
const SPARE_DESCRIPTORS: u64 = 48;

/// Most objects that are read at a time: with 100 ms each, 2,560 in a second.
const OBJECT_READS: usize = 256;

/// How the run ended, and who watches it, whose last word is still to be said.
pub(super) fn send(
    prepared: &mut Prepared<'_>,
    publisher: Option<Publisher>,
    signals: &Signals,
) -> Result<(Ended, Watch), Error> {
    let config = prepared.config;
    let mut reporter = Reporter::new(config.report, prepared.run_id);
    let runtime = runtime()?;
    let client = client(config, &endpoint(config, &runtime)?)?;
    let follower = prepared
        .target
        .follow(&prepared.manifest.manifest, config.files.columns);
    let mut follower = follower.map_err(Error::of_results(&config.files.results))?;
    let (concurrency, reads) = affordable(config);
    let stores = Stores::open(&config.files.reading.photo_roots, &config.stores, reads)?;
    if concurrency < config.pace.concurrency {
        reporter.few_descriptors(concurrency);
    }
    let photo_memory = photo_memory();
    if photo_memory < wanted_photo_memory(concurrency) {
        reporter.little_memory(photo_memory);
    }
    let services = Services {
        manifest: &prepared.manifest,
        ledger: &mut prepared.ledger,
        follower: &mut follower,
        client,
        signer: Arc::new(config.account.signer.clone()),
        photos: Photos::new(
            own_files(config, &prepared.ledger_path),
            stores,
            config.fixing.and_then(Fixer::new),
        ),
        signals: signals.clone(),
    };
    let settings = settings(config, concurrency, photo_memory, prepared.run_id);
    let keeps_time = config.page.is_some();
    let watch = Watch::new(reporter, publisher, prepared.manifest.survey.rows(), keeps_time);
    let ended = drive(settings, services, watch, &runtime);
    // A photo may still be read from a file system that hangs; the end of the run does not wait for it.
    runtime.shutdown_background();
    Ok(ended?)
}

/// Where requests go, after the simulator has been started if it is the one inside the process.
fn endpoint(config: &EnrollConfig, runtime: &tokio::runtime::Runtime) -> Result<Endpoint, Error> {
    match &config.account.destination {
        Destination::Endpoint(endpoint) => Ok(endpoint.clone()),
        Destination::Simulator => runtime.block_on(start_simulator(&config.account.signer)),
    }
}

/// Starts the simulator inside the process; it ends with the runtime.
async fn start_simulator(signer: &Signer) -> Result<Endpoint, Error> {
    let (listener, address) = listen(0).await?;
    let simulator = Simulator::new(Settings::faultless(signer));
    tokio::spawn(simulator.serve(listener, pending()));
    let endpoint = Endpoint::parse(&format!("http://{address}"));
    Ok(endpoint.map_err(ConfigError::from)?)
}

fn client(config: &EnrollConfig, endpoint: &Endpoint) -> Result<Client, Error> {
    let settings = ClientSettings {
        endpoint: endpoint.url().clone(),
        connect_timeout: config.pace.connect_timeout,
        timeout: config.pace.timeout,
        ca_pem: config.account.ca_pem.clone(),
        direct: endpoint.is_loopback(),
    };
    Ok(Client::new(&settings)?)
}

/// As many requests in flight as this process may have file descriptors for, and as many objects that are being read; a
/// simulator inside it takes as many again.
fn affordable(config: &EnrollConfig) -> (usize, usize) {
    #[cfg(unix)]
    let most = rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
    #[cfg(not(unix))]
    let most = u64::MAX;
    let ends = match config.account.destination {
        Destination::Endpoint(_) => 1,
        Destination::Simulator => 2,
    };
    let has_stores = config.files.reading.photo_roots.stores().next().is_some();
    let free = most.saturating_sub(SPARE_DESCRIPTORS);
    let affordable = usize::try_from(free / (ends + u64::from(has_stores))).unwrap_or(usize::MAX);
    let concurrency = config.pace.concurrency.min(affordable).max(1);
    let left = usize::try_from(free.saturating_sub(concurrency as u64 * ends)).unwrap_or(usize::MAX);
    let most = config.fixing.map_or(OBJECT_READS, |_| FIXED_OBJECT_READS);
    (concurrency, left.clamp(1, most))
}

/// Photo bytes that this machine has memory for: a quarter of it, so that the system, what is being sent and a large
/// manifest fit in beside them.
fn photo_memory() -> u64 {
    memory::most().map_or(u64::MAX, |bytes| bytes / 4)
}

/// What the run reads and writes besides photos, as it stands when the first photo is read.
fn own_files(config: &EnrollConfig, ledger: &Path) -> OwnFiles {
    let files = &config.files;
    let named = [files.manifest.as_path(), &files.results, ledger]
        .into_iter()
        .chain(config.summary.as_deref())
        .chain(config.page.as_ref().map(|page| page.path.as_path()))
        .chain(config.failures.as_deref())
        .chain(config.metrics.as_deref());
    let standard = |path: &&Path| path.as_os_str() == "-";
    let named = named.filter(|path| !standard(path)).map(Path::to_owned);
    OwnFiles::new(named.chain(companions(ledger)))
}

fn settings(config: &EnrollConfig, concurrency: usize, photo_memory: u64, run_id: &str) -> RunSettings {
    let pace = &config.pace;
    RunSettings {
        run_id: run_id.to_owned(),
        started: Instant::now(),
        concurrency,
        photo_memory,
        interval: pace.interval,
        retry: pace.retry,
        in_doubt_wait: pace.in_doubt_wait,
        max_outage: pace.max_outage,
        stop_after: pace.stop_after,
        limit: pace.limit,
        max_failures: pace.max_failures,
        strict: config.files.reading.strict,
    }
}
