//! The chain's boxes, in the ledger's words.

use super::state::{Account, Charter, Note, Party, Pot, Request, State};
use crate::lane::Person;
use crate::world::at_least_of;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_cli::manifest::Manifest;
use lets_cli::session::{Session, View};
use lets_protocol::{
    AccountBox, ApplicationBox, CharterBox, CommonPot, Lets, Link, NoteBox, Present,
};

/// Keys of the committee, which are the first of the people.
pub(super) const COMMITTEE: [Party; 3] = [0, 1, 2];

/// What can be spent now.
pub(super) struct Boxes {
    pub(super) charter: CharterBox,
    pub(super) pot: CommonPot,
    pub(super) accounts: Vec<AccountBox>,
    pub(super) notes: Vec<NoteBox>,
    /// All of them, sorted.
    pub(super) present: Present,
    pub(super) applications: Vec<ApplicationBox>,
}

/// So many of the committee.
pub(super) fn committee(people: &[Person], quorum: u8) -> SigmaProp {
    let keys: Vec<_> = COMMITTEE
        .iter()
        .map(|p| people[*p].public().clone())
        .collect();
    at_least_of(quorum, &keys)
}

/// Whose key it is.
pub(super) fn party(people: &[Person], key: &SigmaProp) -> Party {
    let found = people.iter().position(|p| p.owner() == *key);
    found.expect("a key of the people")
}

/// The boxes in this view.
pub(super) async fn read(session: &Session, lets: &Lets, manifest: &Manifest, view: View) -> Boxes {
    let present = session.settled(lets, manifest, view).await.unwrap().present;
    let applications = session.applications(lets).await.unwrap();
    let accounts = session.accounts(lets, view).await.unwrap();
    let notes = session.notes(lets, view).await.unwrap();
    Boxes {
        charter: session.charter(lets, view).await.unwrap(),
        pot: session.pot(lets, view).await.unwrap(),
        accounts: accounts.into_iter().map(|a| a.it).collect(),
        notes: notes.into_iter().map(|n| n.it).collect(),
        present,
        applications: applications.into_iter().map(|a| a.it).collect(),
    }
}

/// What the boxes say.
pub(super) fn seen(boxes: &Boxes, people: &[Person]) -> State {
    let Boxes { charter, pot, .. } = boxes;
    let quorum = |key: &SigmaProp| {
        let mut all = 1..=3;
        all.find(|k| committee(people, *k) == *key).unwrap()
    };
    let requests = boxes.applications.iter().map(|a| {
        let member = *a.link() == Link::None;
        let request = Request {
            who: member.then(|| party(people, a.owner())),
            expiry: a.expiry().0,
        };
        (a.ergo_box().box_id(), request)
    });
    let notes = boxes.notes.iter().map(|n| {
        let note = Note {
            payer: n.payer(),
            payee: n.payee(),
            amount: n.amount().units(),
            expiry: n.expiry().0,
            classes: n.spend_on().to_vec(),
            created: n.ergo_box().creation_height,
        };
        (n.ergo_box().box_id(), note)
    });
    let accounts = boxes.accounts.iter().map(|a| {
        let settings = a.settings();
        let account = Account {
            balance: a.balance().units(),
            terms: a.terms().clone(),
            owner: (*a.link() == Link::None).then(|| party(people, a.owner())),
            heir: a
                .heir()
                .map(|h| (party(people, h), settings.recovery.unwrap())),
            refuses: settings.refuses_recovery(),
            smallest: settings.smallest_direct,
            used: settings.used,
            stamp: settings.stamp,
            debt_since: settings.debt_since,
            created: a.created().0,
        };
        (a.number(), account)
    });
    let counters = pot.committee().unwrap().counters();
    State {
        charter: Charter {
            quorum: quorum(charter.committee()),
            bounds: charter.bounds().clone(),
            announced: charter
                .pending()
                .map(|p| (p.announced.0, quorum(&p.committee), p.bounds.clone())),
            created: charter.created().0,
        },
        pot: Pot {
            memberships: pot.memberships(),
            units: pot.units(),
            stamp: counters.stamp,
            used: [counters.admissions, counters.issued, counters.recoveries],
            created: pot.created().0,
        },
        requests: requests.collect(),
        accounts: accounts.collect(),
        notes: notes.collect(),
    }
}
