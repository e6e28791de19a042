//! The common pot at work: each of its actions as an accepted transaction, ready to be bent.

use crate::case::{Case, bent, longs};
use crate::hand::{junk, loot, wallet_with};
use crate::world::{World, key, prop};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    AccountBox, Amount, ApplicationBox, Blocks, CharterBox, Heir, Lets, NanoErg, PotBox, Proposal,
    Terms, TxParams,
};

/// A LETS with one member and one applicant.
pub struct Stage {
    /// The LETS.
    pub world: World,
    /// The member's key.
    pub owner: SecretKey,
    /// His account, on the default terms, with a balance of 0.
    pub account: AccountBox,
    /// The key of his heir.
    pub heir: SecretKey,
    /// The applicant's key.
    pub applicant: SecretKey,
    /// His application.
    pub application: ApplicationBox,
}

/// One thing that a pot does.
pub struct Action {
    /// What.
    pub name: &'static str,
    /// The transaction.
    pub case: Case,
    /// An output that may lose a little ERG without breaking a rule.
    pub spare: usize,
}

impl Default for Stage {
    fn default() -> Self {
        Self::of(10)
    }
}

impl Stage {
    /// A LETS of this seed; worlds of seeds 10 apart have nothing in common.
    pub fn of(seed: u8) -> Self {
        let mut world = World::new(seed);
        let (owner, applicant) = (key(seed + 5), key(seed + 6));
        let account = world.admit(&owner);
        let application = world.application(&applicant);
        Self {
            world,
            owner,
            account,
            heir: key(seed + 7),
            applicant,
            application,
        }
    }

    /// The same, so many blocks on; the application is made anew.
    pub fn later(mut self, blocks: u32) -> Self {
        self.world.height = self.world.height.plus(Blocks(blocks));
        self.application = self.world.application(&self.applicant);
        self
    }

    /// The pot as it would be with another content.
    pub fn bend_pot(&mut self, change: impl FnOnce(&mut Case)) {
        let bent = self.world.box_with(self.world.pot.ergo_box(), change);
        self.world.pot = PotBox::parse(&self.world.lets, &bent).unwrap();
    }

    /// The charter as it would be with another bound.
    pub fn charter_with(&self, place: usize, bound: i64) -> CharterBox {
        let bent = self.world.box_with(self.world.charter.ergo_box(), |c| {
            c.set_long(0, R5, place, bound)
        });
        CharterBox::parse(&self.world.lets, &bent).unwrap()
    }

    fn lenient(&self) -> CharterBox {
        lenient(&self.world.lets, &self.world.charter)
    }

    /// The proposal, made under the lenient charter, put under the real one and signed by the committee.
    fn under_charter(&self, proposal: &Proposal, admitted: i64) -> Case {
        let mut case = self.world.case(proposal, &self.world.quorum());
        case.data_inputs[0] = self.world.charter.ergo_box().clone();
        let out = self.world.pot.units() - self.world.lets.units_in(&proposal.outputs()[0]);
        set_counters(&mut case, self.world.height.as_i64(), admitted, out);
        case
    }

    /// Three years on, the pot's refresh in the first block in which it can be included.
    pub fn refresh(&self) -> Case {
        let height = self.world.pot.created().plus(Blocks::REFRESH_AGE);
        let params = TxParams {
            height,
            fee: NanoErg::MIN_FEE,
        };
        let (proposal, _) =
            lets_protocol::refresh_pot(&self.world.lets, &self.world.pot, params).unwrap();
        Case::of(&proposal, height, &[])
    }

    /// The member's exit: outputs pot, ERG to the member, fee.
    pub fn exit(&self) -> Case {
        let world = &self.world;
        let to = crate::world::p2pk(&self.owner);
        let (proposal, _) =
            lets_protocol::exit(&world.lets, &world.pot, &self.account, to, world.params())
                .unwrap();
        world.case(&proposal, &[&self.owner])
    }

    /// The applicant's admission on these terms, whatever the charter says of them: outputs pot, account, fee.
    pub fn admit_on(&self, terms: Terms) -> Case {
        let world = &self.world;
        let (proposal, _, _) = lets_protocol::admit(
            &world.lets,
            &self.lenient(),
            &world.pot,
            &self.application,
            terms,
            world.params(),
        )
        .unwrap();
        self.under_charter(&proposal, 1)
    }

    /// The applicant's admission on the default terms.
    pub fn admit(&self) -> Case {
        self.admit_on(self.world.terms())
    }

    /// The admission of another application box in the place of the applicant's, with the same account coming of it.
    pub fn admit_instead(&self, subject: ErgoBox) -> Case {
        self.admit().with(|c| c.inputs[1].0 = subject)
    }

    /// New terms for the member, whatever the charter says of them: outputs pot, account, change, fee.
    pub fn set_terms_to(&self, terms: Terms) -> Case {
        let world = &self.world;
        let funding = world.funding(&world.committee[0], 1.0);
        let (proposal, _, _) = lets_protocol::set_terms(
            &world.lets,
            &self.lenient(),
            &world.pot,
            &self.account,
            terms,
            &funding,
            world.params(),
        )
        .unwrap();
        self.under_charter(&proposal, 0)
    }

    /// The member's line becomes this.
    pub fn set_line(&self, line: i64) -> Case {
        let line = Amount::new(line).unwrap();
        self.set_terms_to(Terms {
            line,
            ..self.account.terms().clone()
        })
    }

    /// New terms for the member: 10,000 units more of credit.
    pub fn set_terms(&self) -> Case {
        self.set_line(30_000)
    }

    /// The member's expulsion: outputs pot, ERG to the member, fee.
    pub fn expel(&self) -> Case {
        let world = &self.world;
        let (proposal, _) = lets_protocol::expel(
            &world.lets,
            &world.charter,
            &world.pot,
            &self.account,
            world.params(),
        )
        .unwrap();
        world.case(&proposal, &world.quorum())
    }

    /// The heir put beside the member, the delay to count from the next block: outputs pot, account, change, fee.
    pub fn start_recovery(&self) -> Case {
        let world = &self.world;
        let heir = Heir {
            key: prop(&self.heir),
            start: world.height.plus(Blocks(1)),
        };
        let (proposal, _, _) = lets_protocol::start_recovery(
            &world.lets,
            &world.charter,
            &world.pot,
            &self.account,
            heir,
            &world.funding(&world.committee[0], 1.0),
            world.params(),
        )
        .unwrap();
        world.case(&proposal, &world.quorum())
    }

    /// The member's account while a recovery is pending whose delay is over after so many blocks.
    pub fn pending(&self, wait: i64) -> AccountBox {
        let (world, account) = (&self.world, &self.account);
        let delay = i64::from(world.charter.bounds().recovery_delay.0);
        let mut settings = longs(&account.ergo_box().clone().into(), R6);
        settings.truncate(4);
        settings.push(world.height.as_i64() - delay + wait);
        world.account_with(account, |c| {
            c.set_register(0, R5, vec![account.owner().clone(), prop(&self.heir)]);
            c.set_register(0, R6, settings);
        })
    }

    /// The account handed to the heir, by somebody who pays the fee: outputs pot, account, change, fee.
    pub fn complete(&self, account: &AccountBox) -> Case {
        let (world, anybody) = (&self.world, key(245));
        let (proposal, _, _) = lets_protocol::complete_recovery(
            &world.lets,
            &world.charter,
            &world.pot,
            account,
            &world.funding(&anybody, 1.0),
            world.params(),
        )
        .unwrap();
        world.case(&proposal, &[&anybody])
    }

    /// The member's account handed to his heir in the first block in which it can be.
    pub fn complete_recovery(&self) -> Case {
        self.complete(&self.pending(0))
    }

    /// All that a pot does.
    pub fn actions(&self) -> [Action; 7] {
        [
            Action {
                name: "refresh",
                case: self.refresh(),
                spare: 0,
            },
            Action {
                name: "exit",
                case: self.exit(),
                spare: 1,
            },
            Action {
                name: "admit",
                case: self.admit(),
                spare: 1,
            },
            Action {
                name: "set terms",
                case: self.set_terms(),
                spare: 2,
            },
            Action {
                name: "expel",
                case: self.expel(),
                spare: 1,
            },
            Action {
                name: "start recovery",
                case: self.start_recovery(),
                spare: 2,
            },
            Action {
                name: "complete recovery",
                case: self.complete_recovery(),
                spare: 2,
            },
        ]
    }

    /// What the committee does with an account at OUTPUTS(1).
    pub fn committee_actions(&self) -> [Case; 3] {
        [self.admit(), self.set_terms(), self.start_recovery()]
    }

    /// What of it sets terms.
    pub fn terms_actions(&self) -> [Case; 2] {
        [self.admit(), self.set_terms()]
    }

    /// Whatever leaves an account at OUTPUTS(1).
    pub fn account_actions(&self) -> [Case; 4] {
        let [admit, terms, start] = self.committee_actions();
        [admit, terms, start, self.complete_recovery()]
    }

    /// Adds an input that holds so much of a token from outside the LETS. Returns the token.
    pub fn add_junk(&self, case: &mut Case, to: usize, amount: u64) -> TokenId {
        self.add_tokens(case, to, junk(77), amount);
        junk(77)
    }

    /// Adds an input, signed for, that holds so much of a token.
    pub fn add_tokens(&self, case: &mut Case, to: usize, id: TokenId, amount: u64) {
        let holder = key(240);
        case.add_input(wallet_with(&self.world, &holder, &[(id, amount)]), to);
        case.signers.push(holder);
    }
}

/// A charter whose bounds let the builders lay out what the real one forbids.
pub fn lenient(lets: &Lets, charter: &CharterBox) -> CharterBox {
    let bent = bent(charter.ergo_box(), 1, |c| {
        for place in [0, 1, 3, 4, 8] {
            c.set_long(0, R5, place, 500_000_000_000);
        }
    });
    CharterBox::parse(lets, &bent).unwrap()
}

/// Sets the pot's counters to what `contracts/pot.es` G6 and G7 ask for, with this stamp.
pub fn set_counters(case: &mut Case, stamp: i64, admitted: i64, issued: i64) {
    let before = longs(&case.inputs[0].0.clone().into(), R4);
    let bounds = longs(&case.data_inputs[0].clone().into(), R5);
    let passed = (stamp - before[0]).min(bounds[5]);
    let left = |used: i64, rate: i64| (used - rate * passed / bounds[5]).max(0);
    let after = vec![
        stamp,
        left(before[1], bounds[3]) + admitted,
        left(before[2], bounds[4]) + issued.max(0),
        left(before[3], bounds[8]),
    ];
    case.set_register(0, R4, after);
}

impl Case {
    /// A thief gets so much of this token, which `from` would hold; `spare` gives the ERG.
    pub fn steal(&mut self, from: usize, id: TokenId, amount: u64, spare: usize) {
        self.add_output(loot(&[]), spare);
        let thief = self.outputs.len() - 2;
        self.move_token(from, thief, id, amount);
    }

    /// Puts another box in the place of an input of the same ERG.
    pub fn replace_input(&mut self, input: usize, ergo_box: ErgoBox) {
        assert_eq!(
            self.inputs[input].0.value, ergo_box.value,
            "the case stays balanced"
        );
        self.inputs[input] = (ergo_box, ContextExtension::empty());
    }

    /// The same so many blocks later: every output is made in the block before, and a recovery starts in this one.
    pub fn later(&mut self, blocks: u32) {
        self.height += blocks;
        self.created_ago(1);
        let registers = crate::case::registers(&self.outputs[1]);
        if registers.len() == 4 && longs(&self.outputs[1], R6).len() == 5 {
            self.set_long(1, R6, 4, i64::from(self.height));
        }
    }

    /// Makes every output anew so many blocks ago.
    pub fn created_ago(&mut self, blocks: u32) {
        for output in &mut self.outputs {
            output.creation_height = self.height - blocks;
        }
    }

    /// The successor that a storage-rent spend of this input needs, put before the fee: the box as it is, without the
    /// rent. Its ERG comes from the output `from`, where the rent remains.
    pub fn rent_as_it_is(&mut self, input: usize, from: usize) {
        let spent = self.inputs[input].0.clone();
        let rent = crate::case::size(&spent) as u64 * 1_250_000;
        let rent = rent.min(*spent.value.as_u64() / 2);
        let mut next = ErgoBoxCandidate::from(spent);
        let left = *next.value.as_u64() - rent;
        next.value = left.try_into().unwrap();
        next.creation_height = self.height;
        let at = self.outputs.len() - 1;
        self.outputs.insert(at, next);
        self.take_erg(from, left);
        self.rent(input, at as i16);
    }
}
