//! What a committee that cheats would try, with all its keys, over REST. The library refuses first and says why; then the
//! attempt is made without it, and both interpreters and the node refuse it. Each test ends with the books as they were.

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R9};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::rules::{Counted, RecoveryBar, check_rates};
use lets_protocol::{
    AccountBox, Amount, Applicant, Blocks, Bounds, ChangeError, Community, ExpelError, Heir,
    RecoverError, RuleViolation, SetTermsError, Terms, TradeError,
};
use lets_tests::Case;
use lets_tests::case::{bent, longs};
use lets_tests::hand::loot;
use lets_tests::stage::{lenient, set_counters};
use lets_tests::world::at_least_of;

use crate::scenarios::village::{Village, amount};

impl Village {
    /// New terms for an account, whatever the charter says of them, signed by the whole committee.
    async fn terms_unchecked(&self, account: &AccountBox, terms: Terms) -> Case {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let funding = self.wallet(&self.committee[0]).await;
        let (proposal, _, _) = lets_protocol::set_terms(
            &self.lets,
            &lenient(&self.lets, &charter),
            &pot,
            account,
            terms,
            &funding,
            params,
        )
        .unwrap();
        let mut case = self.case(&proposal, &self.committee).await;
        case.data_inputs[0] = charter.ergo_box().clone();
        self.count(&mut case, 0);
        case
    }

    /// What the twin says of the same.
    async fn terms_checked(&self, account: &AccountBox, terms: Terms) -> RuleViolation {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let funding = self.wallet(&self.committee[0]).await;
        match lets_protocol::set_terms(&self.lets, &charter, &pot, account, terms, &funding, params)
        {
            Err(SetTermsError::Rule(violation)) => violation,
            other => panic!("{other:?}"),
        }
    }

    async fn floor(&self) -> lets_protocol::NanoErg {
        self.charter().await.bounds().account_floor
    }

    /// The first applicant's admission with this line, whatever the charter says of it.
    async fn admission_unchecked(&self, units: i64) -> Case {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let application = self.application().await;
        let terms = Terms::plain(amount(units), amount(1_000), self.floor().await);
        let (proposal, _, _) = lets_protocol::admit(
            &self.lets,
            &lenient(&self.lets, &charter),
            &pot,
            &application,
            terms,
            params,
        )
        .unwrap();
        let mut case = self.case(&proposal, &self.committee).await;
        case.data_inputs[0] = charter.ergo_box().clone();
        self.count(&mut case, 1);
        case
    }

    /// Makes the pot's counters those that its script asks for.
    fn count(&self, case: &mut Case, admitted: i64) {
        let held = |b| self.lets.units_in(b);
        let out = held(&case.inputs[0].0) - held(&case.made(0));
        set_counters(case, i64::from(case.height) - 1, admitted, out);
    }

    /// Units that may still be issued, as the twin finds it.
    async fn left_to_issue(&self) -> i64 {
        let (charter, pot) = (self.charter().await, self.pot().await);
        let limit = charter.bounds().issue.units();
        let height = self.lane.height().await;
        match check_rates(&charter, &pot, Counted::units(limit), height) {
            Err(RuleViolation::Rate { used, .. }) => limit - used,
            other => panic!("{other:?}"),
        }
    }
}

/// The terms with another line.
fn line(account: &AccountBox, units: i64) -> Terms {
    Terms {
        line: amount(units),
        ..account.terms().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_past_the_maximum_and_admissions_and_units_past_the_rates_refused() {
    let mut village = Village::found_with("Greedy", |bounds| {
        bounds.max_line = amount(30_000);
        bounds.admissions = 3;
        bounds.issue = amount(75_000);
    })
    .await;
    village.welcome(2).await;

    // A line past the maximum, which a member of the committee grants himself.
    let account = village.account(0).await;
    let past = line(&account, 30_001);
    match village.terms_checked(&account, past.clone()).await {
        RuleViolation::TermsBound {
            field,
            asked,
            bound,
        } => assert_eq!((field, asked, bound), ("credit line", 30_001, 30_000)),
        other => panic!("{other:?}"),
    }
    let attempt = village.terms_unchecked(&account, past).await;
    village.refused(&attempt, 0).await;
    // At the maximum it passes.
    let at = village.terms_unchecked(&account, line(&account, 30_000));
    at.await.accepted();
    village
        .set_terms(&account, |terms| terms.line = amount(30_000))
        .await;

    // Units past the rate: one more than is left, by an admission.
    let account = village.account(1).await;
    village
        .set_terms(&account, |terms| terms.line = amount(30_000))
        .await;
    let person = village.lane.person(5.0).await;
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(20_000)).await;
    let left = village.left_to_issue().await;
    let attempt = village.admission_unchecked(left + 1).await;
    village.refused(&attempt, 0).await;
    let at = village.admission_unchecked(left).await;
    at.accepted();
    let (charter, pot) = (village.charter().await, village.pot().await);
    let height = village.lane.height().await;
    match check_rates(&charter, &pot, Counted::admission(left + 1), height) {
        Err(RuleViolation::Rate {
            what: "units issued",
            limit: 75_000,
            used,
            asked,
            ..
        }) => assert_eq!((used, asked), (75_000 - left, left + 1)),
        other => panic!("{other:?}"),
    }
    let application = village.application().await;
    let terms = Terms::plain(amount(100), amount(100), village.floor().await);
    village.admit(&application, terms).await;
    village.block().await;

    // A fourth member in the period, with no line at all.
    let person = village.lane.person(5.0).await;
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(20_000)).await;
    let attempt = village.admission_unchecked(0).await;
    village.refused(&attempt, 0).await;
    let (charter, pot) = (village.charter().await, village.pot().await);
    let height = village.lane.height().await;
    assert!(matches!(
        check_rates(&charter, &pot, Counted::admission(0), height),
        Err(RuleViolation::Rate {
            what: "admissions",
            limit: 3,
            used: 3,
            ..
        })
    ));
    assert_eq!(village.accounts().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn debt_of_a_friend_and_credit_of_a_critic_are_out_of_reach() {
    let mut village = Village::with_members("Favours", 2).await;
    let (friend, critic) = (0, 1);
    village.pay(friend, critic, 5_000).await.unwrap();
    village.block().await;
    let units = village.lets.ids().unit.into();

    // No action of the library changes a balance: what new terms make of it, `set_terms` itself asserts. So the attempts are
    // lawful ones with units moved: the friend's debt deleted out of the pot,
    let account = village.account(friend).await;
    let mut attempt = village
        .terms_unchecked(&account, line(&account, 21_000))
        .await;
    attempt.clone().accepted();
    attempt.move_token(0, 1, units, 5_000);
    village.count(&mut attempt, 0);
    village.refused(&attempt, 0).await;
    // or what was issued to him said to be less, which is the same.
    let mut attempt = village
        .terms_unchecked(&account, line(&account, 21_000))
        .await;
    let issued = longs(&attempt.outputs[1], R4)[0];
    attempt.set_long(1, R4, 0, issued - 5_000);
    village.refused(&attempt, 0).await;

    // The critic's credit seized, for the pot and for a thief.
    let account = village.account(critic).await;
    let lawful = village
        .terms_unchecked(&account, line(&account, 21_000))
        .await;
    let mut attempt = lawful.clone();
    attempt.move_token(1, 0, units, 5_000);
    village.count(&mut attempt, 0);
    village.refused(&attempt, 0).await;
    let mut attempt = lawful;
    attempt.add_output(loot(&[]), 2);
    attempt.move_token(1, 3, units, 5_000);
    village.refused(&attempt, 0).await;
    // Or paid away without him: nobody else can prove it.
    let (payer, payee) = (village.account(critic).await, village.account(friend).await);
    let params = village.params().await;
    let (proposal, _, _) =
        lets_protocol::pay_direct(&village.lets, &payer, &payee, amount(5_000), None, params)
            .unwrap();
    let attempt = village.case(&proposal, &village.committee).await;
    attempt.unproven();
    village.turned_away(attempt.signed_in_part(), 0).await;

    // Either expelled with his balance.
    let (charter, pot) = (village.charter().await, village.pot().await);
    for member in [friend, critic] {
        let account = village.account(member).await;
        let balance = account.balance();
        match lets_protocol::expel(&village.lets, &charter, &pot, &account, params) {
            Err(ExpelError::Rule(RuleViolation::ExitBalance { balance: said })) => {
                assert_eq!(said, balance);
            }
            other => panic!("{other:?}"),
        }
        // As if he were at 0: his units go back to the pot all the same.
        let even = bent(account.ergo_box(), 1, |c| {
            c.set_long(0, R4, 0, account.units());
        });
        let even = AccountBox::parse(&village.lets, &even).unwrap();
        let (proposal, _) =
            lets_protocol::expel(&village.lets, &charter, &pot, &even, params).unwrap();
        let mut attempt = village.case(&proposal, &village.committee).await;
        attempt.replace_input(1, account.ergo_box().clone());
        village.refused(&attempt, 0).await;
    }
    assert_eq!(village.balances().await, [-5_000, 5_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_changed_without_delay_or_past_what_is_fixed_for_ever_refused() {
    let mut village = Village::found("Hasty").await;
    if village.lane.devnet().is_none() {
        return;
    }
    let (charter, params) = (village.charter().await, village.params().await);
    let funding = village.wallet(&village.committee[0]).await;
    let committee = village.committee.clone();
    let more = Bounds {
        max_line: amount(150_000),
        ..charter.bounds().clone()
    };
    let lets = village.lets.clone();
    let announce = |bounds, from| {
        let to_be = charter.committee().clone();
        lets_protocol::announce(&lets, &charter, to_be, bounds, from, &funding, params)
    };
    let from = params.height.plus(Blocks(10));
    let (announcement, _) = announce(more.clone(), from).unwrap();

    // Fixed for ever: each bound one past the most that it may be.
    let last = charter.hard_bounds().most;
    for place in [0, 1, 3, 4, 8, 10, 11, 12, 13, 14, 15] {
        let mut attempt = village.case(&announcement, &committee).await;
        attempt.set_long(0, R9, place + 1, last[place] + 1);
        village.refused(&attempt, 0).await;
    }
    for place in [6, 7] {
        let mut attempt = village.case(&announcement, &committee).await;
        attempt.set_long(0, R9, place + 1, last[place] - 1);
        village.refused(&attempt, 0).await;
    }
    for (bounds, name) in [
        (
            Bounds {
                max_line: amount(last[0] + 1),
                ..more.clone()
            },
            "longest credit line",
        ),
        (
            Bounds {
                default_draw_rate: amount(last[15] + 1),
                ..more.clone()
            },
            "default draw rate",
        ),
    ] {
        match announce(bounds, from) {
            Err(ChangeError::Rule(RuleViolation::HardBound {
                bound, asked, most, ..
            })) => assert_eq!((bound, asked), (name, most + 1)),
            other => panic!("{other:?}"),
        }
    }

    // Announced as if long ago, so that the delay were over.
    let mut attempt = village.case(&announcement, &committee).await;
    attempt.set_long(0, R9, 0, params.height.as_i64() - 6_000);
    village.refused(&attempt, 0).await;
    let early = lets_protocol::Height(params.height.0);
    assert!(matches!(
        announce(more, early),
        Err(ChangeError::Rule(RuleViolation::AnnounceHeight { .. }))
    ));

    // Enacted in the block before the delay is over; and changed by the way, with nothing announced.
    village.committee_sends(&announcement).await;
    village.block().await;
    let (charter, stranger) = (village.charter().await, village.committee[1].clone());
    let first = from.plus(charter.bounds().change_delay);
    village.wait(first.0 - 2 - village.lane.height().await.0);
    let (funding, params) = (village.wallet(&stranger).await, village.params().await);
    match lets_protocol::enact(&village.lets, &charter, &funding, params) {
        Err(ChangeError::Rule(RuleViolation::DelayNotOver { from, .. })) => {
            assert_eq!(from, first);
        }
        other => panic!("{other:?}"),
    }
    let later = lets_protocol::TxParams {
        height: first,
        ..params
    };
    let (enacted, _) = lets_protocol::enact(&village.lets, &charter, &funding, later).unwrap();
    let mut attempt = village.case(&enacted, &committee).await;
    attempt.created_ago(1);
    village.refused(&attempt, 0).await;
    let funding = village.wallet(&village.committee[0]).await;
    let (cancelled, _) = lets_protocol::cancel(&village.lets, &charter, &funding, params).unwrap();
    let mut attempt = village.case(&cancelled, &committee).await;
    attempt.set_long(0, R5, 0, 140_000);
    village.refused(&attempt, 0).await;
    assert_eq!(village.charter().await.bounds().max_line, amount(100_000));
    // One block later it may be.
    village.block().await;
    let funding = village.wallet(&stranger).await;
    let params = village.params().await;
    let (enacted, _) = lets_protocol::enact(&village.lets, &charter, &funding, params).unwrap();
    village.send(&enacted, &stranger.signer).await;
    assert_eq!(village.charter().await.bounds().max_line, amount(150_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn account_taken_by_recovery_without_its_delay_or_past_the_rate_refused() {
    let mut village = Village::with_members("Heirs", 3).await;
    if village.lane.devnet().is_none() {
        return;
    }
    let thief = village.lane.person(1.0).await;
    let committee = village.committee.clone();
    let (charter, params) = (village.charter().await, village.params().await);

    // Started as if long ago.
    let lets = village.lets.clone();
    let start = |account: AccountBox, pot: lets_protocol::PotBox, funding, charter| {
        let heir = Heir {
            key: thief.owner(),
            start: params.height.plus(Blocks(10)),
        };
        lets_protocol::start_recovery(&lets, &charter, &pot, &account, heir, &funding, params)
    };
    let account = village.account(0).await;
    let funding = village.wallet(&committee[0]).await;
    let pot = village.pot().await;
    let (started, _, _) = start(account, pot, funding, charter.clone()).unwrap();
    let mut attempt = village.case(&started, &committee).await;
    attempt.set_long(1, R6, 4, params.height.as_i64() - 30_000);
    village.refused(&attempt, 0).await;
    // The heir in the owner's place at once.
    let mut attempt = village.case(&started, &committee).await;
    attempt.set_register(1, R5, vec![thief.owner()]);
    village.refused(&attempt, 0).await;

    // Two in a period, and no third.
    village.committee_sends(&started).await;
    for (member, passes) in [(1, true), (2, false)] {
        let account = village.account(member).await;
        let funding = village.wallet(&committee[0]).await;
        let pot = village.pot().await;
        match start(
            account.clone(),
            pot.clone(),
            funding.clone(),
            charter.clone(),
        ) {
            Ok((proposal, _, _)) => {
                assert!(passes);
                village.committee_sends(&proposal).await;
            }
            Err(RecoverError::Rule(RuleViolation::Rate {
                what: "recoveries started",
                limit: 2,
                used: 2,
                asked: 1,
                ..
            })) => {
                assert!(!passes);
                let free = lenient(&village.lets, &charter);
                let (proposal, _, _) = start(account, pot, funding, free).unwrap();
                let mut attempt = village.case(&proposal, &committee).await;
                attempt.data_inputs[0] = charter.ergo_box().clone();
                let before = longs(&attempt.inputs[0].0.clone().into(), R4);
                let after = vec![before[0], before[1], before[2], before[3] + 1];
                attempt.set_register(0, R4, after);
                village.refused(&attempt, 0).await;
            }
            Err(e) => panic!("{e:?}"),
        }
    }
    village.block().await;

    // Handed over in the block before the delay is over.
    let account = village.account(0).await;
    let from = params.height.0 + 10 + charter.bounds().recovery_delay.0;
    village.wait(from - 1 - village.lane.height().await.0);
    let (pot, params) = (village.pot().await, village.params().await);
    let funding = village.wallet(&thief).await;
    let complete = |height| {
        let params = lets_protocol::TxParams { height, ..params };
        lets_protocol::complete_recovery(&village.lets, &charter, &pot, &account, &funding, params)
    };
    match complete(params.height) {
        Err(RecoverError::Rule(RuleViolation::Recovery {
            bar: RecoveryBar::Delay { from: at, .. },
            ..
        })) => assert_eq!(at.0, from),
        other => panic!("{other:?}"),
    }
    let (proposal, _, _) = complete(lets_protocol::Height(from)).unwrap();
    let mut attempt = village.case(&proposal, &committee).await;
    attempt.signers.push(village.lane.secret(&thief));
    attempt.created_ago(1);
    village.refused(&attempt, 0).await;
    let owner = village.members[0].owner();
    assert_eq!(*village.account(0).await.owner(), owner);
}

/// The proof of this proposition over the case's transaction, with these keys, at its first input.
fn proof_of(case: &Case, proposition: &SigmaProp, keys: Vec<SecretKey>) -> ProofBytes {
    let message = case.tx().bytes_to_sign().unwrap();
    let wallet = Wallet::from_secrets(keys);
    let proof = wallet.sign_message(proposition.value().clone(), &message);
    ProofBytes::Some(proof.unwrap())
}

/// The case, signed by all who can, with this proof at its first input.
fn with_first_proof(case: &Case, proof: ProofBytes) -> Transaction {
    let signed = case.signed_in_part();
    let mut proofs: Vec<_> = signed
        .inputs
        .iter()
        .map(|i| i.spending_proof.proof.clone())
        .collect();
    proofs[0] = proof;
    Transaction::from_unsigned_tx(case.tx(), proofs).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_too_few_counted_twice_or_of_another_action_refused() {
    let mut village = Village::with_members("Quorum", 1).await;
    let account = village.account(0).await;
    let [first, second, third] = [0, 1, 2].map(|i| village.committee[i].clone());
    let lawful = village
        .terms_unchecked(&account, line(&account, 25_000))
        .await;
    let alone = lawful.clone().with(|c| c.signers.truncate(1));
    let key = village.lane.secret(&first);

    // One of the two that are needed, whom the first member of the committee helps with his own signature.
    alone.unproven();
    village.turned_away(alone.signed_in_part(), 0).await;
    let own = proof_of(&alone, &first.owner(), vec![key.clone()]);
    village.turned_away(with_first_proof(&alone, own), 0).await;
    let one_of_three = at_least_of(1, &[&first, &second, &third].map(|p| p.public().clone()));
    let short = proof_of(&alone, &one_of_three, vec![key.clone()]);
    village
        .turned_away(with_first_proof(&alone, short), 0)
        .await;

    // One who stands in for another: a proof of the right shape in which he is counted twice.
    let twice = at_least_of(2, &[&first, &first, &third].map(|p| p.public().clone()));
    let doubled = proof_of(&alone, &twice, vec![key.clone(), key]);
    village
        .turned_away(with_first_proof(&alone, doubled), 0)
        .await;

    // The signatures of two, given for a line of 250.00, under one of 260.00.
    let (honest, _) = lawful.accepted();
    let other = village
        .terms_unchecked(&account, line(&account, 26_000))
        .await;
    other.refuses_proofs_of(&honest);
    let replayed = honest.inputs.first().spending_proof.proof.clone();
    village
        .turned_away(with_first_proof(&other, replayed), 0)
        .await;
    assert_eq!(village.account(0).await.terms().line, amount(20_000));

    // What two have signed passes.
    let sent = village
        .session
        .submit("set_terms", lets_protocol::NanoErg::MIN_FEE, honest);
    sent.await.unwrap();
    assert_eq!(village.account(0).await.terms().line, amount(25_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn community_account_past_its_own_line_refused() {
    let mut village = Village::with_members("Bottomless", 2).await;
    village.open_community_account(1_000).await;
    village.pay(0, 1, 5_000).await.unwrap();
    let most = |result| match result {
        Err(TradeError::Rule(violation @ RuleViolation::CreditLine { .. })) => violation.most(),
        other => panic!("{other:?}"),
    };
    assert_eq!(most(village.write_off(0, 1_001).await), Some(amount(1_000)));
    village.write_off(0, 800).await.unwrap();

    // Units that it has, and may not spend: it has been paid since its line was lowered below its debt.
    let account = village.community().await;
    village
        .set_terms(&account, |terms| terms.line = amount(500))
        .await;
    village.block().await;
    let account = village.community().await;
    let params = village.params().await;
    let payer = village.account(1).await;
    let (proposal, _, _) =
        lets_protocol::pay_direct(&village.lets, &payer, &account, amount(300), None, params)
            .unwrap();
    let person = village.members[1].clone();
    village.send(&proposal, &person.signer).await;
    village.block().await;
    assert_eq!(most(village.write_off(0, 1).await), Some(Amount::ZERO));
    let (strict, charter) = (village.community().await, village.charter().await);
    assert_eq!((strict.balance().units(), strict.units()), (-500, 300));
    let free = bent(strict.ergo_box(), 1, |c| c.set_long(0, R4, 1, 1_000));
    let free = AccountBox::parse(&village.lets, &free).unwrap();
    let funding = village.wallet(&village.committee[0]).await;
    let of = Community {
        charter: &charter,
        account: &free,
        funding: Some(&funding),
    };
    let debtor = village.account(0).await;
    let trade = lets_protocol::write_off(
        &village.lets,
        of,
        &debtor,
        amount(1),
        "a friend",
        village.params().await,
    )
    .unwrap();
    let mut attempt = village.case(&trade.proposal, &village.committee).await;
    attempt.replace_input(0, strict.ergo_box().clone());
    attempt.set_long(0, R4, 1, 500);
    village.refused(&attempt, 0).await;
    assert_eq!(village.balances().await, [-4_200, 4_700]);
}
