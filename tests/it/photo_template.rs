//! Photos by a pattern of their paths, and paths as Windows writes them (contract, section 4).

use crate::harness::{Run, Server, jpeg, png, sha256};

/// A run of this manifest, whose rows have no photo column, with the template.
fn with_template<'a>(server: &'a Server, template: &str, header: &str, rows: &[&str]) -> Run<'a> {
    let text = format!("{header}\n{}\n", rows.join("\n"));
    Run::new(server).manifest(&text).set("--photo-template", template)
}

/// Findings of a check with the template.
fn check(run: &Run<'_>, template: &str) -> String {
    run.tool(&["check", "manifest.csv", "--photo-template", template])
        .stderr
}

#[test]
fn any_columns_make_the_path() {
    let server = Server::success();
    let header = "user_id,user_created_at, Branch ";
    let rows = ["u1,2021-08-12,ikeja", "u2,2021-08-12,lagos/ikeja", "u3,2021-08-12,none"];
    let run = with_template(&server, "{branch}/{USER_ID}/{user_created_at}.png", header, &rows);
    let run = run
        .file("ikeja/u1/2021-08-12.png", &png(1))
        .file("lagos/ikeja/u2/2021-08-12.png", &png(2));
    run.go()
        .code(1)
        .rows(["enrolled", "enrolled", "invalid photo_not_found"]);
    assert_eq!(
        (&server.held()["u1"], &server.held()["u2"]),
        (&sha256(&png(1)), &sha256(&png(2)))
    );
}

#[test]
fn the_flag_wins_over_a_photo_column_which_may_be_named_in_it() {
    let server = Server::success();
    let rows = ["u1,2021-08-12,wrong.png", "u2,2021-08-12,"];
    let run = with_template(&server, "{user_id}.png", "user_id,user_created_at,photo", &rows);
    let run = run
        .file("u1.png", &png(1))
        .file("u2.png", &png(2))
        .file("wrong.png", &png(3));
    let results = run.go().code(0).all("enrolled").raw.clone();
    assert_eq!(server.held()["u1"], sha256(&png(1)));
    let again = run.results(&["--photo-template", "{user_id}.png", "-o", "-"]);
    assert_eq!(again.stdout, results, "{}", again.stderr);
    let named = check(&run, "{photo}");
    assert!(
        named.contains("row 2 (line 3), user u2: photo_not_given: the column \"photo\" of --photo-template is empty"),
        "{named}"
    );
}

#[test]
fn a_cell_names_nothing_outside_the_folders_of_the_template() {
    let server = Server::success();
    let rows = [
        "../p,2021-08-12,x",
        "..,2021-08-12,..",
        "u3,2021-08-12,../x",
        "u4,2021-08-12,/etc",
        "u5,2021-08-12,",
        "a\\b,2021-08-12,x",
        "u7,2021-08-12,x",
    ];
    let run = with_template(&server, "{branch}/{user_id}", "user_id,user_created_at,branch", &rows);
    let run = run.file("x/u7", &jpeg()).file("x/a/b", &jpeg()).file("u3", &jpeg());
    let bad = "invalid bad_photo_path";
    run.go()
        .code(1)
        .rows([bad, bad, bad, bad, "invalid photo_not_given", bad, "enrolled"]);
    let found = check(&run, "{branch}/{user_id}");
    for says in [
        "user ../p: bad_photo_path: \"../p\": the column \"user_id\" of --photo-template holds a /",
        "user u3: bad_photo_path: \"../x\": the column \"branch\" of --photo-template leads to another folder",
        "user u5: photo_not_given: the column \"branch\" of --photo-template is empty",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
}

#[test]
fn of_the_files_that_could_fit_exactly_one_must() {
    let server = Server::success();
    let users = ["one", "two", "none", "a.b", "a", "x*", "x?", "hidden", "folder"];
    let rows = users.map(|user| format!("{user},2021-08-12"));
    let rows = rows.each_ref().map(String::as_str);
    let mut run = with_template(&server, "photos/{user_id}.*", "user_id,user_created_at", &rows);
    let files = [
        "one.png",
        "two.png",
        "two.jpg",
        "a.b.png",
        "x*.png",
        "x1.png",
        "._hidden.png",
        "folder.png/x",
        "folder.jpg",
    ];
    for name in files {
        run = run.file(&format!("photos/{name}"), &jpeg());
    }
    run.go().code(1).rows([
        "enrolled",
        "invalid photo_ambiguous",
        "invalid photo_not_found",
        "enrolled",
        // Its photo is not that of a.b.
        "invalid photo_not_found",
        "enrolled",
        "invalid photo_not_found",
        "invalid photo_not_found",
        "enrolled",
    ]);
    let found = check(&run, "photos/{user_id}.*");
    for says in [
        "photo_ambiguous: \"photos/two.*\": 2 files have such a name: \"two.jpg\", \"two.png\"; leave one",
        "photo_not_found: \"photos/none.*\": no file of this folder has such a name",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
    let found = check(&run, "nowhere/{user_id}.*");
    assert!(found.contains("\"nowhere/one.*\": there is no such folder"), "{found}");
}

#[test]
fn a_star_may_stand_at_the_beginning_and_in_the_folder_of_the_manifest() {
    let server = Server::success();
    let rows = ["u1,2021-08-12", "u2,2021-08-12"];
    let run = with_template(&server, "*_{user_id}.png", "user_id,user_created_at", &rows);
    let run = run
        .file("0017_u1.png", &png(1))
        .file("._0017_u2.png", &png(2))
        .file(".x_u2.png", &png(2));
    run.go().code(1).rows(["enrolled", "invalid photo_not_found"]);
}

#[test]
fn more_than_five_files_are_counted() {
    let server = Server::success();
    let mut run = with_template(&server, "{user_id}/*", "user_id,user_created_at", &["u1,2021-08-12"]);
    for n in 0..7 {
        run = run.file(&format!("u1/{n}.png"), &png(n));
    }
    let found = check(&run, "{user_id}/*");
    let says = "7 files have such a name: \"0.png\", \"1.png\", \"2.png\", \"3.png\", \"4.png\" and more; leave one";
    assert!(found.contains(says), "{found}");
}

#[test]
fn a_template_that_cannot_be_meant_is_refused() {
    let run = Run::bare().manifest("user_id,user_created_at,Branch,note,note\n");
    for (template, code, says) in [
        (
            "{user_id",
            2,
            "--photo-template \"{user_id\": the brace at character 1 is not closed",
        ),
        ("user.jpg", 2, "it names no column"),
        ("{user_id}*.jpg", 2, "text has to stand between * and a column"),
        ("{user_id}/", 2, "the last name is the file's"),
        (
            "x/{shop}.jpg",
            9,
            "line 1: --photo-template \"x/{shop}.jpg\" names the column \"shop\" at character 3, and the header has no such \
             column; it has: user_id, user_created_at, Branch, note, note",
        ),
        ("{note}.jpg", 9, "the header has it twice"),
    ] {
        for command in [&["check"][..], &["--env", "local"]] {
            let output = run.tool(&[command, &["--photo-template", template, "manifest.csv"]].concat());
            assert_eq!(output.code, Some(code), "{template}: {}", output.stderr);
            assert!(output.stderr.contains(says), "{template}: {}", output.stderr);
        }
    }
}

#[test]
fn rows_of_one_user_agree_where_their_paths_do() {
    let server = Server::success();
    let rows = [
        "u1,2021-08-12,a,x",
        "u1,2021-08-12,a,y",
        "u2,2021-08-12,a,x",
        "u2,2021-08-12,b,x",
    ];
    let run = with_template(
        &server,
        "{branch}/{user_id}.*",
        "user_id,user_created_at,branch,note",
        &rows,
    );
    let run = run
        .file("a/u1.jpg", &jpeg())
        .file("a/u2.jpg", &jpeg())
        .file("b/u2.jpg", &jpeg());
    let conflict = "invalid conflicting_rows";
    run.go().code(1).rows(["enrolled", "enrolled", conflict, conflict]);
}

#[cfg(unix)]
#[test]
fn backslashes_are_separators_where_no_file_has_them_in_its_name() {
    let server = Server::success();
    let rows = [
        "photos\\a.png",
        ".\\photos\\b.png",
        "photos\\c.png",
        "C:\\photos\\a.png",
        "\\\\server\\a.png",
        "photos\\none.png",
        "C:/a.png",
    ];
    let rows = (1..).zip(rows).map(|(n, path)| format!("u{n},2021-08-12,{path}\n"));
    let run = Run::new(&server)
        .manifest(&format!("user_id,user_created_at,photo\n{}", rows.collect::<String>()))
        .file("photos/a.png", &png(1))
        .file("photos/b.png", &png(2))
        .file("photos/c.png", &png(3))
        .file("photos\\c.png", &png(4));
    let (good, bad) = ("enrolled", "invalid photo_not_found");
    run.go().code(1).rows([good, good, good, bad, bad, bad, bad]);
    let held = server.held();
    assert_eq!(
        [&held["u1"], &held["u2"], &held["u3"]],
        [1, 2, 4].map(|n| sha256(&png(n))).each_ref()
    );
    let found = run.tool(&["check", "manifest.csv"]).stderr;
    for says in [
        "\"C:\\\\photos\\\\a.png\": there is no such file, and it is an absolute path of Windows",
        "\"C:/a.png\": there is no such file, and it is an absolute path of Windows",
        "\"photos/none.png\": there is no such file\n",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
}

#[test]
fn a_folder_in_place_of_a_photo_names_the_files_in_it() {
    let server = Server::success();
    let run = Run::new(&server)
        .manifest("user_id,user_created_at,photo\nu1,2021-08-12,u1\nu2,2021-08-12,u2\nu3,2021-08-12,u3\n")
        .file("u1/a.jpg", &jpeg())
        .file("u1/b.jpg", &jpeg())
        .file("u1/.DS_Store", b"")
        .file("u2/a.jpg", &jpeg())
        .file("u3/below/a.jpg", &jpeg());
    run.go().code(1).all("invalid photo_not_a_file");
    let found = run.tool(&["check", "manifest.csv"]).stderr;
    for says in [
        "\"u1\": it is a folder, and holds \"a.jpg\", \"b.jpg\"; name one of them, or use --photo-template\n",
        "\"u2\": it is a folder, and holds \"a.jpg\"; name that, or use --photo-template\n",
        "\"u3\": it is a folder, and holds no photo; name a file\n",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
}
