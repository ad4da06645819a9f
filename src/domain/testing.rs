//! How proptest runs in this crate's tests.

use proptest::test_runner::{Config, RngSeed};

/// Tries this many cases, the same ones in every run unless `PROPTEST_RNG_SEED` names others, so that a change is
/// blamed for what it did alone. A case that fails is printed in its shortest form, and no file is left behind.
pub(crate) fn cases(cases: u32) -> Config {
    let default = Config::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        named @ RngSeed::Fixed(_) => named,
    };
    Config {
        cases,
        rng_seed,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..default
    }
}
