//! The cookbook of the README: exports byte for byte as the programs named there make them, each to `enrolled` with the
//! flags that it shows.

use std::io::Write;

use encoding_rs::WINDOWS_1252;
use flate2::{Compression, write::GzEncoder};

use crate::harness::Run;

fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn ansi(text: &str) -> Vec<u8> {
    WINDOWS_1252.encode(text).0.into_owned()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Runs this file with these options, each with its value; all of its rows are enrolled, `007` to the letter.
fn is_enrolled(name: &str, bytes: &[u8], options: &[[&str; 2]], rows: usize) {
    let run = Run::bare().named(name).file(name, bytes).set("--env", "local");
    let run = run.set("-o", "r.csv");
    let run = options.iter().fold(run, |run, [flag, value]| run.set(flag, value));
    let mut done = run.go();
    let results = std::fs::read_to_string(run.path("r.csv")).unwrap_or_default();
    done.code(0).summary("/counts/enrolled", rows);
    done.check(results.contains("007"), name);
    done.check(!results.contains("#TYPE"), name);
}

const DAY: [&str; 2] = ["--date-format", "%d/%m/%Y"];
const ANSI: [&str; 2] = ["--encoding", "windows-1252"];

#[test]
fn exports_of_databases() {
    let copy = "user_id,user_created_at,photo,name,active,data\n\
                007,2021-08-12 09:00:00.123456+00,p.jpg,\"Zoë, \"\"Z\"\" 用户\",t,\\xdead\n\
                u2,2021-05-18 22:14:43+00,p.jpg,,f,\nu3,2021-05-18 09:44:43.1+05:30,p.jpg,\"two\nlines\",,\\x\n";
    is_enrolled("psql.csv", copy.as_bytes(), &[], 3);
    let own = copy.replace("user_created_at", "created_at");
    is_enrolled(
        "own.csv",
        own.as_bytes(),
        &[["--column", "user_created_at=created_at"]],
        3,
    );
    let lines = "{\"user_id\":\"007\",\"user_created_at\":\"2021-08-12T09:00:00.123456+00:00\",\"photo\":\"p.jpg\",\
                 \"active\":true}\n{\"user_id\":\"u2\",\"user_created_at\":\"2021-05-18T22:14:43+00:00\",\
                 \"photo\":\"p.jpg\",\"active\":null}\n";
    is_enrolled("psql.jsonl", lines.as_bytes(), &[], 2);
    let sqlite = "user_id,user_created_at,photo,name,n\r\n007,\"2021-08-12 10:00:00\",p.jpg,\"Zoë, \"\"Z\"\"\",1\r\n\
                  u2,2021-05-18,p.jpg,,\r\nu3,2021-05-18T10:00:00.000Z,p.jpg,\"it's\nx\",2\r\n";
    is_enrolled("sqlite.csv", sqlite.as_bytes(), &[], 3);
    let mysql = "user_id\tuser_created_at\tphoto\n007\t2021-08-12 10:00:00\tp.jpg\nu2\t2021-05-18 00:00:00\tp.jpg\n";
    is_enrolled("mysql.tsv", mysql.as_bytes(), &[], 2);
}

#[test]
fn exports_of_python() {
    let csv = "user_id,user_created_at,photo,name\r\n007,2021-08-12 10:00:00+00:00,p.jpg,\"Zoë, \"\"Z\"\"\"\r\n\
               u2,2021-05-18,p.jpg,\r\nu3,2021-05-18T10:00:00.123456,p.jpg,\"two\nlines\"\r\n";
    is_enrolled("csv.csv", csv.as_bytes(), &[], 3);
    let pandas = ",user_id,user_created_at,photo,name\n0,007,2021-08-12 10:00:00.000000,p.jpg,\"Zoë, \"\"Z\"\"\"\n\
                  1,u2,2021-05-18 00:00:00+01:00,p.jpg,\n";
    is_enrolled("pandas.csv", pandas.as_bytes(), &[], 2);
    is_enrolled("pandas.csv.gz", &gzip(pandas), &[], 2);
    is_enrolled("pandas16.csv", &utf16(&pandas.replace(',', ";")), &[], 2);
    let json =
        "{\"user_id\":\"007\",\"user_created_at\":1628762400000,\"photo\":\".\\/p.jpg\",\"name\":\"Zo\\u00eb\"}\n";
    is_enrolled("pandas.jsonl", json.as_bytes(), &[["--date-format", "epoch_ms"]], 1);
}

#[test]
fn files_saved_by_spreadsheets() {
    let sheet = |delimiter: &str| {
        "\"User ID\",\"User Created At\",\"Photo\",\"Name\"\n\"007\",12/08/2021,\"p.jpg\",\"Zoë; \"\"Z\"\", é\"\n\
         \"u2\",18/05/2021,\"p.jpg\",\n"
            .replace("\",", &format!("\"{delimiter}"))
            .replace("1,\"", &format!("1{delimiter}\""))
    };
    is_enrolled("comma.csv", sheet(",").as_bytes(), &[DAY], 2);
    is_enrolled("semicolon.csv", sheet(";").as_bytes(), &[DAY], 2);
    is_enrolled("marked.csv", format!("\u{feff}{}", sheet(";")).as_bytes(), &[DAY], 2);
    is_enrolled("ansi.csv", &ansi(&sheet(";")), &[DAY, ANSI], 2);
    is_enrolled("tab.csv", &utf16(&sheet("\t")), &[DAY], 2);
}

#[test]
fn exports_of_powershell() {
    let rows = "\"user_id\",\"user_created_at\",\"photo\",\"name\"\r\n\"007\",\"2021-08-12 10:00:00\",\"p.jpg\",\"Zoë \
                \"\"Z\"\"\"\r\n\"u2\",\"2021-05-18\",\"p.jpg\",\"\"\r\n";
    is_enrolled("seven.csv", rows.as_bytes(), &[], 2);
    for kind in [
        "System.Management.Automation.PSCustomObject",
        "Selected.System.Data.DataRow",
        "System.Collections.Generic.KeyValuePair`2[[System.String, mscorlib],[System.Int32, mscorlib]]",
    ] {
        let old = format!("#TYPE {kind}\r\n{rows}");
        let semicolons = old.replace("\",\"", "\";\"");
        is_enrolled("ascii.csv", old.replace('ë', "?").as_bytes(), &[], 2);
        is_enrolled("ansi.csv", &ansi(&semicolons), &[ANSI], 2);
        is_enrolled("marked.csv", format!("\u{feff}{old}").as_bytes(), &[], 2);
        is_enrolled("unicode.csv", &utf16(&semicolons), &[], 2);
    }
    let local = rows.replace("2021-08-12 10:00:00", "8/12/2021 10:00:00 AM");
    let local = local.replace("2021-05-18", "5/18/2021 12:00:00 AM");
    let format = ["--date-format", "%m/%d/%Y %I:%M:%S %p"];
    is_enrolled("local.csv", local.as_bytes(), &[format], 2);
}
