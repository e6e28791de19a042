//! An oracle pool of a scenario's own: an ordinary box of one key, with an NFT that it minted and what that key writes.

use std::sync::Arc;

use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_cli::session::Session;
use lets_contracts::OracleNft;
use lets_protocol::NanoErg;
use lets_tests::case::tokens;
use lets_tests::lane::{Lane, Person};

/// A pool. Its box holds the ERG for the fees of what it publishes.
pub struct Oracle {
    pub nft: OracleNft,
    person: Arc<Person>,
    ergo_box: ErgoBox,
    epoch: i32,
}

impl Oracle {
    /// A new pool, which has said `rate` in a block.
    pub async fn start(lane: &mut Lane, session: &mut Session, rate: i64) -> Self {
        let person = Arc::new(lane.person(1.0).await);
        let funding = session.wallet(&person.tree()).await.unwrap();
        let first = funding.boxes[0].clone();
        let mut oracle = Self {
            nft: TokenId::from(first.box_id()).into(),
            person,
            ergo_box: first,
            epoch: 0,
        };
        oracle.say(lane, session, rate).await;
        oracle
    }

    /// Publishes this rate; it is in a block then.
    pub async fn say(&mut self, lane: &Lane, session: &mut Session, rate: i64) {
        let epoch = self.epoch + 1;
        let registers = vec![Constant::from(rate), Constant::from(epoch)];
        self.publish(lane, session, registers).await;
    }

    /// Publishes a box with these registers, whatever they are.
    pub async fn publish(&mut self, lane: &Lane, session: &mut Session, registers: Vec<Constant>) {
        let value = *self.ergo_box.value.as_u64() - NanoErg::MIN_FEE.0;
        let made = ErgoBoxCandidate {
            value: value.try_into().unwrap(),
            ergo_tree: self.person.tree(),
            tokens: tokens(&[(self.nft.into(), 1)]),
            additional_registers: NonMandatoryRegisters::try_from(registers).unwrap(),
            creation_height: lane.height().await.0,
        };
        let spent = vec![self.ergo_box.clone()];
        let signed = lane.spend(session, &self.person, spent, vec![made]).await;
        lane.settle(session, &[signed.id()]).await;
        self.ergo_box = signed.outputs.first().clone();
        self.epoch += 1;
    }

    /// Who has its key.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Its box as the chain has it.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }
}
