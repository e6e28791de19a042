//! Where scenarios run: a devnet of their own, or the node that `ERGO_NODE_URL` names.
//!
//! For a node, `ERGO_NODE_MNEMONIC_FILE` names a file with the words of a funded key (EIP-3, first address); everybody in
//! a scenario is a further address of it. Nothing here needs the node's API key; the one that `ERGO_NODE_API_KEY` gives is
//! tried, so that a wrong one is known at once.

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, TxId, UnsignedInput};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeHeader};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{ProveDlog, SigmaProp};
use ergo_lib::wallet::derivation_path::{ChildIndexHardened, ChildIndexNormal, DerivationPath};
use ergo_lib::wallet::ext_secret_key::ExtSecretKey;
use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
use ergo_lib::wallet::mnemonic as seed;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::tx_context::TransactionContext;
use ergo_node_client::{NodeClient, NodeOptions};
use lets_cli::session::{PATIENCE, Session};
use lets_protocol::{Height, NanoErg};
use lets_wallet::{Backup, KeyIndex, LocalSigner, Mnemonic, Signer, UnlockedKeys};

/// The devnet's only source of keys: worth nothing anywhere.
const DEVNET_WORDS: &str = "slow silly start wash bundle suffer bulb ancient height spin express remind today effort helmet";

/// Somebody in a scenario.
pub struct Person {
    public: ProveDlog,
    /// Signs with this person's key alone.
    pub signer: LocalSigner,
    index: KeyIndex,
}

impl Person {
    /// The proposition that the key proves.
    pub fn owner(&self) -> SigmaProp {
        self.public.clone().into()
    }

    /// Which of the lane's keys it is.
    pub fn index(&self) -> KeyIndex {
        self.index
    }

    /// The public key.
    pub fn public(&self) -> &ProveDlog {
        &self.public
    }

    /// The script of the key's address.
    pub fn tree(&self) -> ErgoTree {
        ErgoTree::new(
            ErgoTreeHeader::v0(false),
            &Expr::Const(Constant::from(self.owner())),
        )
        .unwrap()
    }
}

enum Chain {
    Devnet(Devnet),
    Node(String),
}

/// A box with nothing but ERG.
fn plain(value: u64, tree: ErgoTree, height: u32) -> ErgoBoxCandidate {
    ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: tree,
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    }
}

/// A chain with people on it.
pub struct Lane {
    chain: Chain,
    keys: UnlockedKeys,
    people: u32,
}

impl Lane {
    /// A devnet of its own, or the node that the environment names.
    pub async fn start() -> Self {
        let (url, words) = Self::words();
        let chain = match url {
            Some(url) => {
                if let Ok(key) = std::env::var("ERGO_NODE_API_KEY") {
                    let options = NodeOptions {
                        api_key: Some(key.into()),
                        ..NodeOptions::default()
                    };
                    let client = NodeClient::new(&url, options).unwrap();
                    client.wallet_status().await.expect("the API key is right");
                }
                Chain::Node(url)
            }
            None => {
                let config = DevnetConfig {
                    block_time: BlockTime::Manual,
                    ..DevnetConfig::default()
                };
                Chain::Devnet(Devnet::start(config).await.unwrap())
            }
        };
        let keys = Backup::new(Mnemonic::parse(&words).unwrap())
            .keys()
            .unwrap();
        Self {
            chain,
            keys,
            people: 0,
        }
    }

    /// The node that the environment names, and the words of the key that pays for everything.
    fn words() -> (Option<String>, String) {
        match std::env::var("ERGO_NODE_URL") {
            Ok(url) => {
                let file = std::env::var("ERGO_NODE_MNEMONIC_FILE")
                    .expect("ERGO_NODE_MNEMONIC_FILE names the file with a funded key's words");
                let text = std::fs::read_to_string(file).expect("the file with the words");
                // The bare keys come from the words as they are: a line's end would make others of them.
                let words: Vec<&str> = text.split_whitespace().collect();
                (Some(url), words.join(" "))
            }
            Err(_) => (None, DEVNET_WORDS.to_owned()),
        }
    }

    /// The devnet, if it is one: what only a test chain can do is skipped, aloud, elsewhere.
    pub fn devnet(&self) -> Option<&Devnet> {
        match &self.chain {
            Chain::Devnet(devnet) => Some(devnet),
            Chain::Node(url) => {
                println!("skipped on {url}: it takes a chain whose clock the test can turn");
                None
            }
        }
    }

    /// A session with the chain.
    pub fn session(&self) -> Session {
        let url = match &self.chain {
            Chain::Devnet(devnet) => devnet.url(),
            Chain::Node(url) => url.clone(),
        };
        Session::new(&[&url]).unwrap()
    }

    /// Everybody's keys, to read what was sealed to them.
    pub fn unlocked(&self) -> UnlockedKeys {
        let (_, words) = Self::words();
        Backup::new(Mnemonic::parse(&words).unwrap())
            .keys()
            .unwrap()
    }

    /// The chain's height.
    pub async fn height(&self) -> Height {
        self.session().height().await.unwrap()
    }

    fn at(&self, index: u32) -> Person {
        let index = KeyIndex::try_from(index).unwrap();
        Person {
            public: self.keys.public_key(index).unwrap(),
            signer: LocalSigner::with_indices([(&self.keys, index)]).unwrap(),
            index,
        }
    }

    /// A new person, who is given so much ERG in a block.
    pub async fn person(&mut self, erg: f64) -> Person {
        self.people += 1;
        let person = self.at(self.people);
        let value = (erg * 1e9) as u64;
        match &self.chain {
            Chain::Devnet(devnet) => drop(devnet.fund(&person.tree(), value).unwrap()),
            Chain::Node(_) => {
                let mut session = self.session();
                let sent = self.give(&mut session, &person, value).await;
                session.wait(&sent, 1, PATIENCE).await.unwrap();
            }
        }
        person
    }

    /// Pays a person out of the first address.
    async fn give(&self, session: &mut Session, to: &Person, value: u64) -> TxId {
        let funder = self.at(0);
        let height = self.height().await.0;
        let fee = NanoErg::MIN_FEE.0;
        let mut inputs = Vec::new();
        let mut held = 0;
        for found in session.wallet(&funder.tree()).await.unwrap().boxes {
            if held >= value + fee + 1_000_000 {
                break;
            }
            held += *found.value.as_u64();
            inputs.push(found);
        }
        assert!(
            held >= value + fee + 1_000_000,
            "the funded key holds too little ERG"
        );
        let outputs = vec![
            plain(value, to.tree(), height),
            plain(held - value - fee, funder.tree(), height),
        ];
        let signed = self.spend(session, &funder, inputs, outputs).await;
        signed.id()
    }

    /// Sends a transaction of a person's own: these boxes of his into these, and what the outputs leave is the fee.
    pub async fn spend(
        &self,
        session: &mut Session,
        person: &Person,
        inputs: Vec<ErgoBox>,
        mut outputs: Vec<ErgoBoxCandidate>,
    ) -> Transaction {
        let held: u64 = inputs.iter().map(|b| *b.value.as_u64()).sum();
        let kept: u64 = outputs.iter().map(|b| *b.value.as_u64()).sum();
        let (fee, height) = (held - kept, outputs[0].creation_height);
        let miners = MINERS_FEE_ADDRESS.script().unwrap();
        outputs.push(plain(fee, miners, height));
        let ids = inputs
            .iter()
            .map(|b| UnsignedInput::new(b.box_id(), ContextExtension::empty()))
            .collect();
        let tx = UnsignedTransaction::new_from_vec(ids, Vec::new(), outputs).unwrap();
        let context = TransactionContext::new(tx, inputs, Vec::new()).unwrap();
        let signed = session.sign(context, &person.signer).await.unwrap();
        let sent = session.submit("spend", NanoErg(fee), signed.clone()).await;
        sent.unwrap();
        signed
    }

    /// A person's bare key, for transactions that no honest signer would sign.
    pub fn secret(&self, person: &Person) -> SecretKey {
        let (_, words) = Self::words();
        let master = ExtSecretKey::derive_master(seed::Mnemonic::to_seed(&words, "")).unwrap();
        let normal = |n| ChildIndexNormal::normal(n).unwrap();
        let path = DerivationPath::new(
            ChildIndexHardened::from_31_bit(0).unwrap(),
            vec![normal(person.index.get())],
        );
        let key = master.derive(path).unwrap();
        assert_eq!(key.public_image(), person.public);
        key.secret_key()
    }

    /// One signer with several people's keys: a committee on one machine.
    pub fn together(&self, people: &[&Person]) -> impl Signer + use<> {
        LocalSigner::with_indices(people.iter().map(|p| (&self.keys, p.index))).unwrap()
    }

    /// Puts what was sent into a block.
    pub async fn settle(&self, session: &Session, sent: &[TxId]) {
        if let Chain::Devnet(devnet) = &self.chain {
            devnet.mine(1).unwrap();
        }
        for id in sent {
            session.wait(id, 1, PATIENCE).await.unwrap();
        }
    }
}
