//! A ledger belongs to one part of the users, or to all of them.

use super::{Place, outcome, pin, shell};
use crate::domain::outcome::{Outcome, Status};
use crate::domain::shard::Shard;
use crate::ledger::{LedgerError, Pin};

fn pin_of(shard: Option<(u32, u32)>) -> Pin {
    Pin {
        shard: shard.map(|(index, count)| Shard::new(index, count).unwrap()),
        ..pin()
    }
}

#[test]
fn a_part_is_remembered_and_opens_for_itself_alone() {
    for own in [None, Some((3, 8))] {
        let place = Place::new();
        let mut ledger = place.try_open_for(&pin_of(own)).unwrap();
        ledger.begin_run(&super::record("r1")).unwrap();
        let settled = Outcome {
            run_id: "r1".into(),
            ..Outcome::untried(Status::Enrolled, None)
        };
        ledger.commit(&[outcome("a", settled)]).unwrap();
        drop(ledger);
        for other in [None, Some((3, 8)), Some((4, 8)), Some((3, 9)), Some((1, 1))] {
            let opened = place.try_open_for(&pin_of(other));
            match (other == own, opened) {
                (true, Ok(ledger)) => assert_eq!(ledger.pin().unwrap(), pin_of(own)),
                (false, Err(LedgerError::OtherShard { found, wanted })) => {
                    assert_eq!((found, wanted), (pin_of(own).shard, pin_of(other).shard));
                }
                (_, opened) => panic!("{own:?}, {other:?}: {opened:?}"),
            }
        }
        let kept = place.try_open_for(&pin_of(own)).unwrap();
        assert!(super::is_settled(&kept, "a"));
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let told = |found, wanted| {
        let refused = pin_of(found).check(&pin_of(wanted)).unwrap_err();
        refused.to_string()
    };
    for (found, wanted, words) in [
        (
            Some((3, 8)),
            Some((4, 8)),
            &["part 3/8", "part 4/8", "--ledger", "--shard 3/8"][..],
        ),
        (
            Some((3, 8)),
            Some((1, 2)),
            &["all 8 ledgers", "`merge` first", "2 parts", "`split --ledger`"],
        ),
        (
            Some((3, 8)),
            None,
            &["part 3/8 alone", "all 8 parts", "`merge` first", "--shard 3/8"],
        ),
        (
            None,
            Some((3, 8)),
            &["all users", "part 3/8", "leave --shard out", "`split --ledger`"],
        ),
    ] {
        let told = told(found, wanted);
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
}

#[test]
fn another_account_is_told_before_another_part() {
    let other = Pin {
        endpoint: "https://other.example".into(),
        ..pin_of(Some((1, 2)))
    };
    assert!(matches!(pin().check(&other), Err(LedgerError::OtherPin { .. })));
}

#[test]
fn half_a_part_is_damage() {
    let place = Place::new();
    drop(place.begun("r1"));
    for broken in ["shard_index = 1", "shard_index = 3, shard_count = 2"] {
        let db = rusqlite::Connection::open(place.path()).unwrap();
        db.execute(&format!("UPDATE pin SET {broken}"), []).unwrap();
        drop(db);
        assert!(matches!(place.try_open(), Err(LedgerError::Damaged(_))), "{broken}");
    }
    let index: i64 = shell(&place.path(), "SELECT shard_index FROM pin");
    assert_eq!(index, 3, "nothing was repaired");
}
