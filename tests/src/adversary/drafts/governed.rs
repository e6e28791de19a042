//! What pot and charter do, by the library's own builders; applications; and the founding of another LETS.

use super::{Hand, Kind};
use crate::adversary::state::{FOUNDER, MEMBERS, NEXT_COMMITTEE, SPONSOR};
use crate::case::Case;
use crate::world::{at_least, founding, key, p2pk, prop};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{Amount, Applicant, Blocks, Height, Heir, NanoErg, Proposal, Terms};
use std::cell::OnceCell;

impl Hand<'_> {
    /// Somebody asks to be admitted.
    pub(super) fn apply(&self) -> Option<Case> {
        let world = &self.town.world;
        let applicant = Applicant::member(prop(&self.town.heirs[MEMBERS]));
        let value = NanoErg(3_300_000_000);
        let expiry = world.height.plus(Blocks(20_000));
        let (lets, funding) = (&world.lets, self.funding());
        let made = lets_protocol::apply(
            lets,
            &world.charter,
            applicant,
            value,
            expiry,
            &funding,
            self.params(),
        );
        Some(world.case(&made.ok()?.0, &[&key(SPONSOR)]))
    }

    pub(super) fn withdraw(&self) -> Option<Case> {
        let world = &self.town.world;
        let to = p2pk(&self.town.applicant);
        let made =
            lets_protocol::withdraw_application(&self.town.application, to, self.params()).ok()?;
        Some(world.case(&made, &[&self.town.applicant]))
    }

    /// What pot and charter do, by the library's own builders.
    pub(super) fn govern(&self) -> Option<Case> {
        // The member for whom it can be built is sought from the one who was drawn on.
        let all = self.town.accounts.len();
        (0..all).find_map(|n| self.govern_for((self.draft.who[0] + n) % all))
    }

    fn govern_for(&self, who: usize) -> Option<Case> {
        let world = &self.town.world;
        let (lets, charter, pot) = (&world.lets, &world.charter, &world.pot);
        let (account, owner) = (&self.town.accounts[who], &self.town.owners[who]);
        let (params, funding, sponsor) = (self.params(), self.funding(), key(SPONSOR));
        let [c0, c1] = world.quorum();
        let case = |proposal: &Proposal, signers: &[&SecretKey]| world.case(proposal, signers);
        let [m, n] = self.draft.units;
        let terms = Terms {
            line: Amount::new(m * 2).ok()?,
            cap: Amount::new(m + n).ok()?,
            ..account.terms().clone()
        };
        match self.draft.kind {
            Kind::Admit => {
                let terms = Terms {
                    issued: terms.line,
                    floor: charter.bounds().account_floor,
                    ..terms
                };
                let made =
                    lets_protocol::admit(lets, charter, pot, &self.town.application, terms, params);
                Some(case(&made.ok()?.0, &[c0, c1]))
            }
            Kind::SetTerms => {
                let made =
                    lets_protocol::set_terms(lets, charter, pot, account, terms, &funding, params);
                Some(case(&made.ok()?.0, &[c0, c1, &sponsor]))
            }
            Kind::Exit => {
                let to = p2pk(owner);
                let made = lets_protocol::exit(lets, pot, account, to, params).ok()?;
                Some(case(&made.0, &[owner]))
            }
            Kind::Expel => {
                let made = lets_protocol::expel(lets, charter, pot, account, params).ok()?;
                Some(case(&made.0, &[c0, c1]))
            }
            Kind::StartRecovery => {
                let heir = Heir {
                    key: prop(&self.town.heirs[(who + 1) % MEMBERS]),
                    start: Height(world.height.0 + 1 + self.draft.who[1] as u32),
                };
                let made = lets_protocol::start_recovery(
                    lets, charter, pot, account, heir, &funding, params,
                );
                Some(case(&made.ok()?.0, &[c0, c1, &sponsor]))
            }
            Kind::CompleteRecovery => {
                let made =
                    lets_protocol::complete_recovery(lets, charter, pot, account, &funding, params);
                Some(case(&made.ok()?.0, &[&sponsor]))
            }
            Kind::Announce => {
                let next = [0, 1, 2].map(|n| key(NEXT_COMMITTEE + n));
                let mut bounds = charter.bounds().clone();
                bounds.max_line = Amount::new(100_000 + m).ok()?;
                let from = world.height.plus(Blocks(self.draft.who[1] as u32 * 100));
                let made = lets_protocol::announce(
                    lets,
                    charter,
                    at_least(2, &next.each_ref()),
                    bounds,
                    from,
                    &funding,
                    params,
                );
                let signers = [c0, c1, &next[0], &next[1], &sponsor];
                Some(case(&made.ok()?.0, &signers))
            }
            Kind::Cancel => {
                let made = lets_protocol::cancel(lets, charter, &funding, params).ok()?;
                Some(case(&made.0, &[c0, c1, &sponsor]))
            }
            Kind::Enact => {
                let made = lets_protocol::enact(lets, charter, &funding, params).ok()?;
                Some(case(&made.0, &[&sponsor]))
            }
            _ => None,
        }
    }

    /// A step of another LETS's founding, whose committee has the same keys: four mints, and then charter and pot.
    pub(super) fn found(&self) -> Case {
        thread_local! {
            static STEPS: OnceCell<Vec<Case>> = const { OnceCell::new() };
        }
        // The height is every state's, so the steps are the same.
        let plan = || {
            let world = &self.town.world;
            let committee = at_least(2, &world.committee.each_ref());
            let funding = world.funding(&key(FOUNDER), 20.0);
            let planned = founding(committee, "Another LETS").plan(&funding, self.params());
            let steps = planned.unwrap().steps;
            let case = |(_, proposal)| world.case(&proposal, &[&key(FOUNDER)]);
            steps.map(case).to_vec()
        };
        STEPS.with(|steps| {
            let steps = steps.get_or_init(plan);
            steps[self.draft.who[0] % steps.len()].clone()
        })
    }
}
