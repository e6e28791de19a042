//! Boxes that anybody may make, in the way of whoever reads a list, the pool or a block: they stop nobody.

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cor::Cor;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use ergo_node_client::{NodeClient, NodeOptions, UnspentQuery};
use lets_protocol::{AccountBox, Kind};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, OpenStage};

const ERG: u64 = 1_000_000_000;
/// So many levels nodes take in a register that is a collection of keys; one more is for each of register, collection and key.
const DEEPEST: usize = 106;

/// A key in so many levels of "one of these: it".
fn nested(inner: &SigmaProp, levels: usize) -> SigmaProp {
    let nested = (0..levels).fold(inner.value().clone(), |inner, _| {
        let items = vec![inner];
        SigmaBoolean::from(Cor {
            items: items.try_into().unwrap(),
        })
    });
    SigmaProp::from(nested)
}

#[test]
fn account_whose_key_is_as_deep_as_nodes_take_it_is_read() {
    let stage = OpenStage::of(Kind::Lets1);
    let all = |case: &Case| {
        let listed = serde_json::json!(case.made(1)).to_string();
        ergo_node_client::fuzzing::read_as_everything(listed.as_bytes()).0
    };
    let sound = all(&stage.join());
    for levels in [15, 16, DEEPEST] {
        let deep = nested(&prop(&key(199)), levels);
        let case = stage
            .join()
            .with(|c| c.set_register(1, R5, vec![deep.clone()]));
        case.accepted();
        assert_eq!(all(&case), sound, "{levels}");
        let account = AccountBox::parse(&stage.lets, &case.made(1)).unwrap();
        assert_eq!(*account.owner(), deep);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_box_of_a_stranger_leaves_wallet_pool_and_block_to_be_read() {
    let config = DevnetConfig {
        block_time: BlockTime::Manual,
        index: true,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let client = NodeClient::new(&devnet.url(), NodeOptions::default()).unwrap();
    let (member, stranger) = (key(3), key(4));
    let wallet = p2pk(&member);
    devnet.fund(&wallet, 5 * ERG).unwrap();
    let own = devnet.fund(&p2pk(&stranger), ERG).unwrap();
    devnet.mine(20).unwrap();
    let token = vec![0xC4_u8; 32];
    let height = devnet.height();
    let plain = |tree: &ErgoTree, value: u64| ErgoBoxCandidate {
        value: value.try_into().unwrap(),
        ergo_tree: tree.clone(),
        tokens: None,
        additional_registers: NonMandatoryRegisters::empty(),
        creation_height: height,
    };
    let fee = OpenStage::of(Kind::Lets1).join().outputs.pop().unwrap();
    let mut case = Case {
        inputs: vec![(own, ContextExtension::empty())],
        data_inputs: Vec::new(),
        outputs: vec![
            plain(&wallet, 1_000_000),
            plain(&p2pk(&stranger), ERG - 2_000_000),
            plain(&fee.ergo_tree, 1_000_000),
        ],
        height: height + 1,
        signers: vec![stranger.clone()],
    };
    case.set_register(0, R4, token.clone());
    case.set_register(0, R5, nested(&prop(&stranger), DEEPEST));
    let (tx, _) = case.accepted();
    devnet.submit(tx).unwrap();
    assert_eq!(client.unconfirmed_all().await.unwrap().len(), 1);
    devnet.mine(1).unwrap();
    let read = client.unspent_by_ergo_tree(&wallet, UnspentQuery::SPENDABLE);
    assert_eq!(read.await.unwrap().boxes.len(), 2);
    let header = client.header_at(devnet.height()).await.unwrap().unwrap();
    let texts = client.transaction_texts(&header.id).await.unwrap().unwrap();
    let text = texts.iter().find(|t| t.mentions(&hex::encode(&token)));
    assert_eq!(text.unwrap().outline().unwrap().outputs.len(), 3);
}
