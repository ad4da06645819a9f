//! Every metric by name, kind and meaning.

pub(super) const LAST_SUCCESS: &str = "image_enroll_last_success_timestamp_seconds";

/// What kind of number a metric is.
pub(super) type Kind = &'static str;

/// Every metric with its kind and its meaning. Names, kinds and labels are the public interface.
pub(crate) const METRICS: [(&str, Kind, &str); 20] = [
    (
        "image_enroll_build_info",
        "gauge",
        "The version that ran, as a label; always 1.",
    ),
    (
        "image_enroll_running",
        "gauge",
        "1 while the run goes on, 0 once it has ended.",
    ),
    (
        "image_enroll_start_time_seconds",
        "gauge",
        "When the run began, in Unix time.",
    ),
    (
        "image_enroll_update_time_seconds",
        "gauge",
        "When these values were taken, in Unix time.",
    ),
    (
        "image_enroll_end_time_seconds",
        "gauge",
        "When the run ended, in Unix time; absent while it goes on.",
    ),
    (
        "image_enroll_exit_code",
        "gauge",
        "The run's exit code; absent while it goes on.",
    ),
    (
        LAST_SUCCESS,
        "gauge",
        "When a run last ended with exit code 0, in Unix time; absent before the first.",
    ),
    (
        "image_enroll_rows",
        "gauge",
        "Rows of the manifest by status; they add up to all rows.",
    ),
    (
        "image_enroll_rows_done",
        "gauge",
        "Rows that are done, whoever did them.",
    ),
    (
        "image_enroll_rows_settled_before",
        "gauge",
        "Rows that earlier runs had settled.",
    ),
    ("image_enroll_rows_per_second", "gauge", "Rows done per second of late."),
    (
        "image_enroll_attempts_total",
        "counter",
        "Requests of this run that have ended, by what became of them.",
    ),
    (
        "image_enroll_retries_total",
        "counter",
        "Requests of this run that were not their row's first.",
    ),
    (
        "image_enroll_photo_sent_bytes_total",
        "counter",
        "Bytes of photos sent, before base64.",
    ),
    (
        "image_enroll_request_duration_seconds",
        "histogram",
        "From the signing of a request to the end of its answer.",
    ),
    (
        "image_enroll_requests_in_flight",
        "gauge",
        "Requests that are under way.",
    ),
    (
        "image_enroll_concurrency_limit",
        "gauge",
        "Most requests that may be under way at this time.",
    ),
    (
        "image_enroll_weather",
        "gauge",
        "Whether the endpoint takes requests: 1 for the state that holds.",
    ),
    (
        "image_enroll_waited_seconds_total",
        "counter",
        "Time spent waiting for the endpoint, by cause.",
    ),
    (
        "image_enroll_time_left_seconds",
        "gauge",
        "How long the rest takes if all goes on as it did; absent if unknown.",
    ),
];
