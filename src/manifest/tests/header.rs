//! Which column is which.

use super::{cells, file, manifest, open, rows};
use crate::domain::outcome::RESULT_COLUMNS;
use crate::manifest::{Headers, Manifest, ManifestError, ManifestOptions};

#[test]
fn columns_stand_in_any_order_and_their_names_in_any_case() {
    for header in [
        "user_id,user_created_at,photo,note",
        " USER_ID , User_Created_At,\tPhoto ,note",
        "user_id,user_created_at,photo_path,note",
        "user_id,user_created_at,PHOTO_PATH,note",
    ] {
        let rows = rows(&manifest(format!("{header}\na,2021-08-12,a.jpg,x\n")));
        assert_eq!(rows[0].as_ref().unwrap().0, "a", "{header:?}");
    }
    let moved = rows(&manifest("photo,note,user_created_at,user_id\na.jpg,x,2021-08-12,a\n"));
    let (user, date, photo) = moved[0].as_ref().unwrap();
    assert_eq!(
        (user.as_str(), date.as_str(), photo.to_string()),
        ("a", "2021-08-12", r#""/photos/a.jpg""#.to_owned())
    );
}

#[test]
fn the_cells_of_a_row_are_not_trimmed() {
    let manifest = manifest("user_id,user_created_at,photo,note\n007,2021-08-12,a b.jpg, x \n");
    assert_eq!(cells(&manifest)[0].1, ["007", "2021-08-12", "a b.jpg", " x "]);
    assert_eq!(rows(&manifest)[0].as_ref().unwrap().0, "007");
}

#[test]
fn a_missing_column_is_named_with_what_is_there() {
    for (header, missing) in [
        ("id,user_created_at,photo", "user_id"),
        ("user_id,created_at,photo", "user_created_at"),
        ("user_id,user_created_at,image", "photo"),
    ] {
        match open(file(header).path()) {
            Err(error @ ManifestError::MissingColumns(_)) => {
                assert!(
                    error.to_string().contains(&format!("the column {missing} is missing")),
                    "{error}"
                );
                assert!(error.to_string().contains(header.split(',').next().unwrap()), "{error}");
            }
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[test]
fn the_line_of_the_header_is_the_files_own() {
    for (text, line) in [("id,photo\n", "line 1:"), ("\n\r\nid,photo\n", "line 3:")] {
        let error = open(file(text).path()).unwrap_err().to_string();
        assert!(error.starts_with(line), "{error}");
    }
}

#[test]
fn a_column_that_stands_there_twice_is_refused() {
    for (header, twice) in [
        ("user_id,User_Id,user_created_at,photo", "user_id"),
        ("user_id,user_created_at,user_created_at,photo", "user_created_at"),
        ("user_id,user_created_at,photo,photo", "photo"),
        ("user_id,user_created_at,photo,photo_path", "photo"),
    ] {
        match open(file(header).path()) {
            Err(ref error @ ManifestError::RepeatedColumn { ref name, .. }) => {
                assert_eq!(name, twice);
                assert!(error.to_string().contains("the same column twice"), "{error}");
            }
            other => panic!("{header}: {other:?}"),
        }
    }
    assert!(
        open(file("user_id,user_created_at,photo,note,note").path()).is_ok(),
        "other columns may repeat"
    );
}

#[test]
fn a_results_file_is_a_manifest_with_the_first_ones_own_columns() {
    let results = RESULT_COLUMNS.join(",");
    let own = "Photo,user_id, user_created_at ,note";
    let blank = ",".repeat(RESULT_COLUMNS.len());
    let manifest = manifest(format!("{own},{results}\na.jpg,a,2021-08-12,x{blank}\n"));
    assert_eq!(
        manifest.own_columns(),
        ["Photo", "user_id", " user_created_at ", "note"]
    );
    assert_eq!(rows(&manifest)[0].as_ref().unwrap().0, "a");
    let mut records = manifest.records().unwrap();
    let (_, record) = records.next().unwrap().unwrap();
    assert_eq!(
        manifest.own_cells(record).collect::<Vec<_>>(),
        ["a.jpg", "a", "2021-08-12", "x"]
    );
}

#[test]
fn columns_of_the_manifest_that_only_sound_like_results_stay() {
    for header in [
        "user_id,user_created_at,photo,status",
        "status,row,user_id,user_created_at,photo,run_id",
        &format!("{},user_id,user_created_at,photo", RESULT_COLUMNS.join(",")),
    ] {
        let manifest = manifest(header);
        assert_eq!(manifest.own_columns().join(","), header);
    }
}

#[test]
fn the_words_of_a_name_are_parted_in_any_way() {
    for header in [
        "User ID,User Created At,Photo Path",
        "user-id,user-created-at,photo-path",
        "userId,userCreatedAt,photoPath",
        "USER  ID,User_Created At,PHOTO",
        "UserID,UserCreatedAt,Photo",
        "user\u{a0}id,user created_at,photo",
    ] {
        let rows = rows(&manifest(format!("{header}\na,2021-08-12,a.jpg\n")));
        assert_eq!(rows[0].as_ref().unwrap().0, "a", "{header:?}");
    }
    for header in [
        "userid,user_created_at,photo",
        "user_id,user_created_at,photos",
        "user.id,user_created_at,photo",
    ] {
        assert!(
            matches!(open(file(header).path()), Err(ManifestError::MissingColumns(_))),
            "{header:?}"
        );
    }
    // A name to the letter wins, as it did before others were read.
    let manifest = manifest("userId,user_id,user_created_at,photo\nx,a,2021-08-12,a.jpg\n");
    assert_eq!(rows(&manifest)[0].as_ref().unwrap().0, "a");
    let found = open(file("userId,User Id,user_created_at,photo\n").path());
    assert!(matches!(found, Err(ManifestError::RepeatedColumn { .. })), "{found:?}");
}

fn open_as(text: &str, user_id: &str, photo: Option<&str>) -> Result<Manifest, ManifestError> {
    let headers = Headers {
        user_id: Some(user_id.to_owned()),
        created_at: None,
        photo: photo.map(str::to_owned),
    };
    let options = ManifestOptions {
        headers,
        ..ManifestOptions::in_folder("/photos")
    };
    Manifest::open(file(text).path(), options, super::now())
}

#[test]
fn a_column_may_have_the_name_that_the_operator_gives() {
    let text = "Customer Id,user_created_at,user_id,selfie\na,2021-08-12,x,a.jpg\n";
    for given in ["Customer Id", "customer_id", " customer-id "] {
        let manifest = open_as(text, given, Some("selfie")).unwrap();
        assert_eq!(rows(&manifest)[0].as_ref().unwrap().0, "a", "{given:?}");
        assert_eq!(manifest.own_columns().len(), 4);
    }
    // To the letter first, whatever else is alike.
    let text = "id,ID,user_created_at,photo\na,b,2021-08-12,a.jpg\n";
    for (given, user) in [("id", "a"), ("ID", "b")] {
        assert_eq!(rows(&open_as(text, given, None).unwrap())[0].as_ref().unwrap().0, user);
    }
    for (text, given) in [(text, "Id"), ("id,id,user_created_at,photo\n", "id")] {
        match open_as(text, given, None) {
            Err(ManifestError::RepeatedColumn { name, .. }) => assert_eq!(name, given),
            other => panic!("{other:?}"),
        }
    }
    let error = open_as(text, "customer", None).unwrap_err().to_string();
    assert!(
        error.contains("\"customer\" (user_id)") && error.contains("id, ID"),
        "{error}"
    );
}

#[test]
fn all_that_is_missing_is_told_at_once_with_what_to_type() {
    for (header, flags) in [
        (
            "customer_id;Created At;foto",
            "--column user_id=customer_id --column user_created_at='Created At' --column photo=foto",
        ),
        (
            "uid,signup,image",
            "--column user_id=uid --column user_created_at=HEADER --column photo=HEADER",
        ),
        ("user_id,user_created_at,selfie_path", "--column photo=selfie_path"),
    ] {
        let error = open(file(header).path()).unwrap_err().to_string();
        assert!(error.contains(flags), "{error}");
    }
}
