//! The twins of note.es: claims, refunds, the last resort, a note's life; forged and odd notes.

use super::*;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};

/// The member's claim of one note.
pub(super) fn claim_one(m: &Members, account: &AccountBox, note: &NoteBox) -> Built {
    let claims = [note.clone()];
    claim(&m.world.lets, with(account, &claims), m.world.params())
}

/// The same transaction over another note of the same ERG and amount.
fn over(m: &Members, built: Built, signers: &[usize], note: &NoteBox) -> Case {
    signed(m, &built.unwrap(), signers).with(|c| c.replace_input(1, note.ergo_box().clone()))
}

// M2
#[test]
fn claim_by_another_than_the_payee_refused() {
    let m = Members::of(10);
    let [_, payee, other, payer] = &m.accounts;
    let note = waiting(&m, Some(payee), 500, &[]);
    signed(&m, &claim_one(&m, payee, &note).unwrap(), &[1]).accepted();
    for (who, account) in [(2, other), (3, payer)] {
        let violation = refusal(claim_one(&m, account, &note));
        assert_eq!(
            violation,
            RuleViolation::NotPayee {
                payee: payee.number()
            }
        );
        let to_him = waiting(&m, Some(account), 500, &[]);
        over(&m, claim_one(&m, account, &to_him), &[who], &note).refused_at(1);
        // Nor beside a payment.
        let claims = [note.clone()];
        let payments = vec![direct(payee, 100)];
        let paid = pay(
            &m.world.lets,
            with(account, &claims),
            payments,
            m.world.params(),
        );
        assert_eq!(refusal(paid).rule(), "not_payee");
    }
}

// M3: named and open notes.
#[test]
fn claim_by_another_class_refused() {
    let m = Members::of(10);
    let payee = &m.accounts[1];
    for named in [Some(payee), None] {
        let note = waiting(&m, named, 500, &[3, 4]);
        for (class, passes) in [(2, false), (3, true), (4, true), (5, false), (0, false)] {
            let account = member(&m, 1, 0, &[(8, class)], &[]);
            let built = claim_one(&m, &account, &note);
            if passes {
                signed(&m, &built.unwrap(), &[1]).accepted();
                continue;
            }
            let violation = RuleViolation::NoteClass {
                allowed: vec![3, 4],
                class,
            };
            assert_eq!(refusal(built), violation);
            let free = waiting(&m, named, 500, &[]);
            over(&m, claim_one(&m, &account, &free), &[1], &note).refused_at(1);
        }
    }
}

// M1
#[test]
fn claim_of_a_paper_note_takes_its_key() {
    let m = Members::of(10);
    let payments = vec![by_paper(&m, 500)];
    let payer = Spender::new(&m.accounts[0]);
    let made = pay(&m.world.lets, payer, payments, m.world.params()).unwrap();
    signed(&m, &made, &[0]).accepted();
    assert!(made.notes[0].is_bearer());
    let trade = claim_one(&m, &m.accounts[2], &made.notes[0]).unwrap();
    m.world
        .case(&trade.proposal, &[&m.keys[2], &key(250)])
        .accepted();
    signed(&m, &trade, &[2]).unproven();
    m.world.case(&trade.proposal, &[&key(250)]).unproven();
}

/// A note of the first member that expires so many blocks from now.
pub(super) fn expiring(m: &Members, blocks: i64, payee: Option<&AccountBox>) -> NoteBox {
    let candidate = note(&m.world, &m.accounts[0], payee, 500);
    let expiry = m.world.height.as_i64() + blocks;
    bent(m, &existing(&candidate, 0), |c| {
        c.set_register(0, R6, vec![expiry])
    })
}

fn refund_one(m: &Members, account: &AccountBox, note: &NoteBox) -> Built {
    let claims = [note.clone()];
    refund(&m.world.lets, with(account, &claims), m.world.params())
}

// N1: the block after the expiry is the first; the twins speak of the height before it.
#[test]
fn refund_at_its_first_height_and_one_block_before() {
    let mut m = Members::of(10);
    let payer = m.accounts[0].clone();
    // What the payer asked for, and what the script makes of too little and too much.
    for (asked, life) in [
        (10_080, 10_080),
        (15_000, 15_000),
        (1, 10_080),
        (i64::MAX / 2, 262_800),
    ] {
        let made = m.world.height;
        let note = expiring(&m, asked, Some(&m.accounts[1]));
        let older = expiring(&m, life - 1, Some(&m.accounts[1]));
        // A block less, also where it cannot live less.
        let older = bent(&m, older.ergo_box(), |c| c.outputs[0].creation_height -= 1);
        assert_eq!(note.expiry(), made.plus(Blocks(life.try_into().unwrap())));
        m.world.height = Height(note.expiry().0 - 1);
        let violation = RuleViolation::NotExpired {
            last: note.expiry(),
            height: m.world.height,
        };
        assert_eq!(refusal(refund_one(&m, &payer, &note)), violation);
        over(&m, refund_one(&m, &payer, &older), &[0], &note).refused_at(1);
        m.world.height = note.expiry();
        signed(&m, &refund_one(&m, &payer, &note).unwrap(), &[0]).accepted();
        // The payee may still claim it, a stranger may not take it.
        signed(&m, &claim_one(&m, &m.accounts[1], &note).unwrap(), &[1]).accepted();
        let stranger = refusal(refund_one(&m, &m.accounts[2], &note));
        assert_eq!(
            stranger,
            RuleViolation::NotPayer {
                payer: payer.number()
            }
        );
        let claims = [note.clone()];
        let led = trade(&m.world, &[signs(&m.accounts[2], 500)], &[&m.keys[2]]);
        led.with(|c| c.add_input(claims[0].ergo_box().clone(), 0))
            .refused_at(1);
        m.world.height = made;
    }
}

// K8: also for one's own units that come back.
#[test]
fn refund_past_the_cap_refused() {
    let mut m = Members::of(10);
    let note = expiring(&m, 15_000, None);
    m.world.height = note.expiry();
    for (room, passes) in [(500, true), (499, false)] {
        let built = refund_one(&m, &m.at(0, CAP - room), &note);
        match passes {
            true => drop(signed(&m, &built.unwrap(), &[0]).accepted()),
            false => assert_eq!(refusal(built).most(), Some(amount(499))),
        }
    }
}

/// The fourth member's account, opened as the community's.
fn community(m: &Members) -> AccountBox {
    let link = m.world.lets.ids().charter_nft.bytes().to_vec();
    m.world
        .account_with(&m.accounts[3], |c| c.set_register(0, R7, link))
}

// N2
#[test]
fn absorb_at_its_first_height_and_one_block_before() {
    let mut m = Members::of(10);
    let community = community(&m);
    let take = |m: &Members, account: &AccountBox, note: &NoteBox| {
        let notes = [note.clone()];
        let charter = &m.world.charter;
        let of = Community {
            charter,
            account,
            funding: None,
        };
        absorb(&m.world.lets, of, &notes, m.world.params())
    };
    let case =
        |m: &Members, built: Built| m.world.case(&built.unwrap().proposal, &m.world.quorum());
    for payee in [Some(1), None] {
        let made = m.world.height;
        let note = expiring(&m, 20_000, payee.map(|i| &m.accounts[i]));
        let paper = bent(&m, note.ergo_box(), |c| {
            c.set_register(0, R4, prop(&key(250)));
            c.set_register(0, R6, vec![made.as_i64() + 20_000, 7]);
        });
        let older = expiring(&m, 19_999, Some(&m.accounts[1]));
        let first = note.expiry().plus(NoteBox::MAX_LIFE);
        m.world.height = Height(first.0 - 1);
        for note in [&note, &paper] {
            let violation = RuleViolation::NotExpired {
                last: first,
                height: m.world.height,
            };
            assert_eq!(refusal(take(&m, &community, note)), violation);
            // Whoever may claim it may claim it, so only a note that the community could not claim is refused.
            if note.payee().is_some() || note.is_bearer() {
                case(&m, take(&m, &community, &older))
                    .with(|c| c.replace_input(1, note.ergo_box().clone()))
                    .refused_at(1);
            }
        }
        m.world.height = first;
        for note in [&note, &paper] {
            case(&m, take(&m, &community, note)).accepted();
            case(&m, take(&m, &community, note)).unsigned().unproven();
            // By an account that follows nothing.
            let other = &m.accounts[2];
            let violation = RuleViolation::NotCommunity {
                account: other.number(),
            };
            assert_eq!(refusal(take(&m, other, note)), violation);
        }
        let led = trade(&m.world, &[signs(&m.accounts[2], 500)], &[&m.keys[2]]);
        led.with(|c| c.add_input(paper.ergo_box().clone(), 0))
            .refused_at(1);
        m.world.height = made;
    }
    // By one that follows another box.
    let note = expiring(&m, 20_000, None);
    m.world.height = note.expiry().plus(NoteBox::MAX_LIFE);
    let pot_nft = m.world.lets.ids().pot_nft.bytes().to_vec();
    let other = m
        .world
        .account_with(&m.accounts[3], |c| c.set_register(0, R7, pot_nft));
    assert_eq!(refusal(take(&m, &other, &note)).rule(), "not_community");
}

// The builder gives what was asked for; the script would bring the rest between the bounds.
#[test]
fn note_life_at_its_bounds_and_past_them() {
    let m = Members::of(10);
    let made = |life: u32| {
        let payment = |to| Payment {
            to,
            amount: amount(500),
            memo: Vec::new(),
        };
        let expiry = m.world.height.plus(Blocks(life));
        let named = payment(Payee::Note {
            to: &m.accounts[1],
            expiry,
        });
        let paper = payment(Payee::Bearer {
            claimant: prop(&key(250)),
            expiry,
        });
        let payer = Spender::new(&m.accounts[0]);
        pay(&m.world.lets, payer, vec![named, paper], m.world.params())
    };
    let (least, most) = (NoteBox::MIN_LIFE.0, NoteBox::MAX_LIFE.0);
    for life in [least, most] {
        let trade = made(life).unwrap();
        signed(&m, &trade, &[0]).accepted();
        for note in &trade.notes {
            assert_eq!(note.expiry(), m.world.height.plus(Blocks(life)));
        }
    }
    for (life, clamped) in [
        (0, least),
        (least - 1, least),
        (most + 1, most),
        (u32::MAX / 2, most),
    ] {
        let violation = refusal(made(life));
        assert_eq!(violation.rule(), "note_life");
        let case = signed(&m, &made(least).unwrap(), &[0]).with(|c| {
            let asked = m.world.height.as_i64() + i64::from(life);
            c.set_long(1, R6, 0, asked);
        });
        case.accepted();
        let note = NoteBox::parse(&m.world.lets, &case.made(1)).unwrap();
        assert_eq!(note.expiry(), m.world.height.plus(Blocks(clamped)));
    }
}

/// The member's account, controlled by a contract.
pub(super) fn controlled(m: &Members, who: usize) -> AccountBox {
    let mut link = vec![1];
    link.extend(Vec::<u8>::from(junk(9)));
    m.world
        .account_with(&m.accounts[who], |c| c.set_register(0, R7, link))
}

// A contract's box and a leader cannot both stand first: S1 fails.
#[test]
fn controlled_account_leads_nothing() {
    let m = Members::of(10);
    let account = controlled(&m, 0);
    let note = waiting(&m, Some(&account), 500, &[]);
    let payments = vec![direct(&m.accounts[1], 500)];
    let violation = RuleViolation::Controlled {
        account: account.number(),
    };
    let params = m.world.params();
    let lets = &m.world.lets;
    assert_eq!(
        refusal(pay(lets, Spender::new(&account), payments, params)),
        violation
    );
    assert_eq!(refusal(claim_one(&m, &account, &note)), violation);
    assert_eq!(
        refusal(set_account(
            lets,
            Spender::new(&account),
            OwnerChange::default(),
            params
        )),
        violation
    );
    let by_key = claim_one(&m, &m.accounts[0], &note);
    signed(&m, &by_key.unwrap(), &[0])
        .with(|c| {
            c.replace_input(0, account.ergo_box().clone());
            c.set_register(0, R7, account.link().to_bytes());
        })
        .refused_at(0);
    // It can be paid directly.
    let payments = vec![direct(&account, 500)];
    let paid = pay(lets, Spender::new(&m.accounts[1]), payments, params);
    signed(&m, &paid.unwrap(), &[1]).accepted();
}

// A note that its payee could never claim: the script makes it, the twin does not.
#[test]
fn controlled_account_gets_no_notes() {
    let m = Members::of(10);
    let account = controlled(&m, 1);
    let payer = Spender::new(&m.accounts[0]);
    let make = |to: &AccountBox| {
        let payments = vec![by_note(&m, to, 500)];
        pay(&m.world.lets, payer, payments, m.world.params())
    };
    let violation = RuleViolation::Controlled {
        account: account.number(),
    };
    assert_eq!(refusal(make(&account)), violation);
    let made = make(&m.accounts[1]).unwrap();
    assert_eq!(refusal(claim_one(&m, &account, &made.notes[0])), violation);
    let claimed = claim_one(&m, &m.accounts[1], &made.notes[0]).unwrap();
    signed(&m, &claimed, &[1])
        .with(|c| {
            c.replace_input(0, account.ergo_box().clone());
            c.set_register(0, R7, account.link().to_bytes());
        })
        .refused_at(0);
}

// A forged note is none; where only a script could tell, it tells.
#[test]
fn forged_notes_are_none() {
    let (m, n) = (Members::of(10), Members::of(60));
    let me = &m.accounts[0];
    let real = waiting(&m, Some(me), 500, &[]);
    let field = |change: &dyn Fn(&mut Case)| {
        let forged = m.world.box_with(real.ergo_box(), change);
        NoteBox::parse(&m.world.lets, &forged).unwrap_err().field
    };
    assert_eq!(
        field(&|c| c.set_tokens(0, |all| all[0].0 = junk(3))),
        "tokens"
    );
    assert_eq!(
        field(&|c| c.set_tokens(0, |all| all.push((junk(3), 1)))),
        "tokens"
    );
    assert_eq!(field(&|c| c.set_tokens(0, Vec::clear)), "tokens");
    let hash = *n.world.lets.contracts().account.hash().bytes();
    let script = [*me.number().bytes(), hash, *me.number().bytes()].concat();
    assert_eq!(
        field(&|c| c.set_register(0, R5, script.clone())),
        "account script (R5)"
    );
    assert_eq!(
        field(&|c| c.set_register(0, R5, script[..63].to_vec())),
        "parties (R5)"
    );
    assert_eq!(field(&|c| c.set_register(0, R5, 7_i64)), "parties (R5)");
    assert_eq!(field(&|c| c.set_register(0, R4, 7_i64)), "claimant (R4)");
    assert_eq!(field(&|c| c.set_register(0, R6, 7_i64)), "expiry (R6)");
    let theirs = waiting(&n, Some(&n.accounts[0]), 500, &[]);
    assert!(NoteBox::parse(&m.world.lets, theirs.ergo_box()).is_err());
    // The hash of another account script: the note's own script asks for that one.
    let built = claim_one(&m, me, &real);
    let forged = m
        .world
        .box_with(real.ergo_box(), |c| c.set_register(0, R5, script));
    signed(&m, &built.unwrap(), &[0])
        .with(|c| c.replace_input(1, forged))
        .refused_at(1);
}

// A payer who never was: account.es lets no such note be made; its units would be real, and nobody but the payee's.
#[test]
fn note_of_a_payer_who_never_was() {
    let m = Members::of(10);
    let [me, payer, ..] = &m.accounts;
    let hash = *m.world.lets.contracts().account.hash().bytes();
    let parties = [[9; 32], hash, *me.number().bytes()].concat();
    let payments = vec![by_note(&m, me, 500)];
    let made = pay(
        &m.world.lets,
        Spender::new(payer),
        payments,
        m.world.params(),
    )
    .unwrap();
    signed(&m, &made, &[1])
        .with(|c| c.set_register(1, R5, parties.clone()))
        .refused_at(0);
    let note = bent(&m, made.notes[0].ergo_box(), |c| {
        c.set_register(0, R5, parties)
    });
    assert_eq!(refusal(claim_one(&m, payer, &note)).rule(), "not_payee");
    signed(&m, &claim_one(&m, me, &note).unwrap(), &[0]).accepted();
}

// C6 says nothing of a memo's type, of further registers, or of bytes past the payee: the script makes them.
#[test]
fn note_with_more_than_it_needs_is_made_and_claimed() {
    let m = Members::of(10);
    let [payer, me, ..] = &m.accounts;
    let payments = vec![by_note(&m, me, 500)];
    let made = pay(
        &m.world.lets,
        Spender::new(payer),
        payments,
        m.world.params(),
    )
    .unwrap();
    let hash = *m.world.lets.contracts().account.hash().bytes();
    let longer = [*payer.number().bytes(), hash, *me.number().bytes(), [9; 32]].concat();
    let make = |change: &dyn Fn(&mut Case)| {
        let case = signed(&m, &made, &[0]).with(change);
        case.accepted();
        case.made(1)
    };
    let long = make(&|c| c.set_register(1, R5, longer.clone()));
    let long = NoteBox::parse(&m.world.lets, &long).unwrap();
    assert_eq!(long.payee(), Some(me.number()));
    signed(&m, &claim_one(&m, me, &long).unwrap(), &[1]).accepted();
    // The reader is stricter than the script: such a note stands, and only its payer knows it as one.
    let odd = make(&|c| c.set_register(1, R7, 7_i64));
    assert_eq!(
        NoteBox::parse(&m.world.lets, &odd).unwrap_err().field,
        "memo (R7)"
    );
    let plain = make(&|c| assert_eq!(registers(&c.outputs[1]).len(), 3));
    assert!(NoteBox::parse(&m.world.lets, &plain).is_ok());
}

// C6: what stands beside the notes and carries no units counts for nothing; a claimant that nobody can prove, and half a
// payee, are nobody's: the payer gets such notes back (I8).
#[test]
fn notes_that_nobody_can_claim_come_back() {
    let mut m = Members::of(10);
    let [payer, me, ..] = m.accounts.clone();
    let payments = vec![by_note(&m, &me, 500)];
    let made = pay(
        &m.world.lets,
        Spender::new(&payer),
        payments,
        m.world.params(),
    )
    .unwrap();
    let impossible = SigmaProp::from(SigmaBoolean::TrivialProp(false));
    let case = signed(&m, &made, &[0]).with(|c| c.set_register(1, R4, impossible));
    case.accepted();
    let note = NoteBox::parse(&m.world.lets, &case.made(1)).unwrap();
    assert!(note.is_bearer());
    assert!(claimable(&me, std::slice::from_ref(&note), 0).is_empty());
    over(&m, claim_one(&m, &me, &made.notes[0]), &[1], &note).refused_at(1);
    // A note's script without a unit is no note, and is missed by nobody.
    let empty = bent_box(&m, &note, |c| c.set_tokens(0, Vec::clear));
    signed(&m, &made, &[0])
        .with(|c| c.add_output(empty, 0))
        .accepted();
    m.world.height = note.expiry();
    signed(&m, &refund_one(&m, &payer, &note).unwrap(), &[0]).accepted();
}

fn bent_box(m: &Members, note: &NoteBox, change: impl FnOnce(&mut Case)) -> ErgoBoxCandidate {
    m.world.box_with(note.ergo_box(), change).into()
}
