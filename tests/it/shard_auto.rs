//! `--shard auto`: the part by the variables of the engine that starts the tasks of an array.

use crate::harness::{Run, Server};

const BATCH: &str = "AWS_BATCH_JOB_ARRAY_INDEX";

fn run<'a>(server: &'a Server, shard: &str, variables: &[(&str, &str)]) -> Run<'a> {
    let run = Run::new(server).rows(5).set("--shard", shard).set("-o", "r.csv");
    variables.iter().fold(run, |run, (name, value)| run.env(name, value))
}

#[test]
fn each_engine_says_which_part_it_is_and_the_tool_says_who_said_so() {
    for (shard, variables, wanted, by) in [
        (
            "auto",
            &[
                ("SLURM_ARRAY_TASK_ID", "14"),
                ("SLURM_ARRAY_TASK_MIN", "10"),
                ("SLURM_ARRAY_TASK_MAX", "16"),
                ("SLURM_ARRAY_TASK_STEP", "2"),
            ][..],
            "3/4",
            "SLURM_ARRAY_TASK_ID",
        ),
        ("auto", &[(BATCH, "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "4")], "1/4", BATCH),
        ("auto/4", &[(BATCH, "1")], "2/4", BATCH),
        (
            "auto/4",
            &[("JOB_COMPLETION_INDEX", "3")],
            "4/4",
            "JOB_COMPLETION_INDEX",
        ),
    ] {
        let server = Server::success();
        let run = run(&server, shard, variables);
        run.go()
            .code(0)
            .summary("/shard", wanted)
            .says(&[&format!("shard {wanted}, by {by}")]);
    }
}

#[test]
fn the_variable_of_the_flag_serves_as_well() {
    let server = Server::success();
    let run = run(&server, "auto", &[(BATCH, "0"), ("IMAGE_ENROLL_SHARD", "auto/2")]).without("--shard");
    run.go().code(0).summary("/shard", "1/2");
}

#[test]
fn contradictions_are_refused_before_anything_is_read() {
    for (shard, variables, words) in [
        (
            "auto",
            &[][..],
            &["SLURM_ARRAY_TASK_ID", BATCH, "JOB_COMPLETION_INDEX"][..],
        ),
        (
            "auto/4",
            &[(BATCH, "1"), ("JOB_COMPLETION_INDEX", "2")],
            &["AWS_BATCH_JOB_ARRAY_INDEX=1", "JOB_COMPLETION_INDEX=2"],
        ),
        (
            "auto/4",
            &[(BATCH, "1"), ("AWS_BATCH_JOB_ARRAY_SIZE", "8")],
            &["auto/4", "AWS_BATCH_JOB_ARRAY_SIZE=8"],
        ),
        ("auto", &[("JOB_COMPLETION_INDEX", "2")], &["auto/N"]),
        ("auto/4", &[("JOB_COMPLETION_INDEX", "4")], &["JOB_COMPLETION_INDEX=4"]),
    ] {
        let server = Server::success();
        run(&server, shard, variables).go().code(2).says(words);
        assert_eq!(server.count(), 0);
    }
}
