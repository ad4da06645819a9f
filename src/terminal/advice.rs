//! What to look at when the server ends a run.

use crate::domain::{outcome::Facts, response::Refusal, stop::Stop};
use crate::photo::StoreError;

/// Seconds between two clocks from which the difference is reported.
const CLOCKS_APART: i64 = 30;

/// Why an outage ended the run.
pub(super) const OUTAGE: &str = "the endpoint could not be reached, or asked to wait, or this machine was short \
     of open files or memory, for longer than --max-outage; is the address of the endpoint right, is it up, does a proxy or a firewall stand in between?";

/// Why the run cannot go on without its store of photos, and what to do about it.
pub(super) fn store(stop: Stop, error: &StoreError) -> Option<String> {
    let StoreError { store, detail, .. } = error;
    match stop {
        Stop::StoreOutage => Some(format!(
            "the store of the photos, and not the API, gave nothing for longer than --max-outage: {store}: {detail}; is \
             it up, is its address right?"
        )),
        Stop::StoreRefused => Some(format!(
            "the store of the photos, and not the API, refuses: {store}: {detail}"
        )),
        _ => None,
    }
}

/// Why the server refuses to go on, and what to do about it.
pub(super) fn refused(refusal: Refusal, facts: &Facts, clock_ahead: Option<i64>) -> String {
    let said = said(facts);
    match refusal {
        Refusal::Credentials => format!(
            "the API refused the credentials{said}\n{}  \
             - is the key the one of this environment? sandbox and production have different keys\n  \
             - was the key rotated? the old one ends at once\n  \
             - is the partner id complete? leading zeros belong to it, as in 085",
            clock(clock_ahead)
        ),
        Refusal::Account => format!("the API refused the account{said}; ask Smile ID to activate the product"),
        Refusal::Payment => format!("the wallet has no balance{said}; top it up and run again"),
        Refusal::NotTheApi => format!("the endpoint does not speak the API{said}; check --endpoint"),
        Refusal::Signatures => {
            "the first answers of the run all carry a signature that this API key does not make, so \
             nothing that they say can be believed: is the key the one of this partner and environment? does somebody \
             else answer in the API's place?"
                .to_owned()
        }
        Refusal::Redirect => format!("the endpoint redirects{said}; name the final address with --endpoint"),
        Refusal::Certificate => "the server's certificate is not trusted or names another host; \
             check --endpoint, or add your proxy's root with --ca-cert"
            .to_owned(),
    }
}

/// The same of a look-up, which has a host of its own.
pub(super) fn refused_lookup(refusal: Refusal, facts: &Facts) -> String {
    match refusal {
        Refusal::NotTheApi | Refusal::Redirect => format!(
            "the host of the look-up does not answer as the documentation says{}; check --lookup-endpoint",
            said(facts)
        ),
        Refusal::Certificate => "the certificate of the look-up's host is not trusted or names another host; \
             check --lookup-endpoint, or add your proxy's root with --ca-cert"
            .to_owned(),
        Refusal::Credentials | Refusal::Account | Refusal::Payment | Refusal::Signatures => {
            refused(refusal, facts, None)
        }
    }
}

fn said(facts: &Facts) -> String {
    let parts = [
        facts.http_status.map(|status| format!("HTTP {status}")),
        facts.result_code.as_ref().map(|code| format!("code {code}")),
        facts.result_text.clone(),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if text.is_empty() { text } else { format!(" ({text})") }
}

fn clock(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) if seconds >= CLOCKS_APART => {
            format!("  - this machine's clock is {seconds} s behind the server's\n")
        }
        Some(seconds) if seconds <= -CLOCKS_APART => {
            format!("  - this machine's clock is {} s ahead of the server's\n", -seconds)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            http_status: Some(400),
            result_code: Some("2205".into()),
            result_text: Some("You are not authorized to do that.".into()),
            ..Facts::default()
        }
    }

    #[test]
    fn a_refused_signature_names_key_partner_and_clock() {
        let text = refused(Refusal::Credentials, &facts(), Some(120));
        for part in [
            "HTTP 400, code 2205, You are not",
            "120 s behind",
            "sandbox and production",
            "085",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(refused(Refusal::Credentials, &facts(), Some(-45)).contains("45 s ahead"));
        assert!(!refused(Refusal::Credentials, &facts(), Some(2)).contains("clock"));
    }

    #[test]
    fn every_refusal_says_what_to_look_at() {
        use Refusal::{Account, Certificate, Credentials, NotTheApi, Payment, Redirect};
        for refusal in [Credentials, Account, Payment, NotTheApi, Redirect, Certificate] {
            assert!(refused(refusal, &Facts::default(), None).len() > 30, "{refusal}");
        }
    }
}
