//! The task that keeps this box in its cluster: connected to the broker as well as can be, and at work without it.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use parlor_core::random::Random;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    Disconnect, DisconnectReasonCode, Filter, Packet, Publish, PublishProperties, SubAck, Subscribe,
    SubscribeReasonCode, Unsubscribe,
};
use smol::future::or;
use smol::{LocalExecutor, Timer};

use super::broker::{Broker, Settings};
use super::member::{Kept, Member, Message, Said};
use super::topics::Topics;
use super::{count, is_name, most_publishers};
use crate::config::Configuration;
use crate::control::ControlTask;
use crate::deadline::within;
use crate::log;
use crate::mailbox::Mailbox;
use crate::random::SystemSource;
use crate::udp::Binding;

/// How often it is looked at what changed.
const PERIOD: Duration = Duration::from_millis(100);

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Silence of the broker after which it counts as gone: what we say ourselves comes back sooner.
const SILENCE: Duration = Duration::from_secs(2);

/// A connection that ended sooner was perhaps taken by another box.
const BRIEF: Duration = Duration::from_secs(5);

/// The pause before another try, which grows to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// How long the broker keeps what is told of a publisher, in seconds.
const EXPIRY_S: u32 = 30;

/// Keeps this box in its cluster.
pub struct Cluster {
    name: String,
    settings: Settings,
    /// Where media of other boxes shall come, if that was said.
    address: Option<IpAddr>,
    /// Where it comes.
    reached: Cell<IpAddr>,
    /// Where it can come.
    binding: Binding,
    member: RefCell<Member>,
    /// What waits for the broker, while there is one.
    outgoing: Mailbox<Message>,
    control: Rc<ControlTask>,
}

impl Cluster {
    /// Joins the cluster that `configuration` names, if it does. The error is a sentence for the operator.
    pub fn start(
        configuration: &Configuration,
        binding: Binding,
        control: &Rc<ControlTask>,
        executor: &LocalExecutor<'static>,
    ) -> Result<(), String> {
        let cluster = &configuration.cluster;
        if cluster.broker.is_empty() {
            return Ok(());
        }
        let name = if cluster.name.is_empty() { host_name()? } else { cluster.name.clone() };
        let instance = format!("{:016x}", SystemSource::new().u64());
        let most = most_publishers(configuration.limits.remote_publishers, configuration.media.shards.count());
        let topics = Topics::new(&cluster.topic, &name);
        let member = Member::new(topics, instance, cluster.rooms.clone(), most, Rc::clone(control));
        control.cluster().is_on.set(true);
        let this = Rc::new(Self {
            name: format!("parlor-{name}"),
            settings: Settings::of(cluster)?,
            address: cluster.address.parse().ok(),
            reached: Cell::new(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            binding,
            member: RefCell::new(member),
            outgoing: Mailbox::default(),
            control: Rc::clone(control),
        });
        executor.spawn(Rc::clone(&this).look()).detach();
        executor.spawn(this.keep_connected()).detach();
        Ok(())
    }

    /// Looks for ever at what changed.
    async fn look(self: Rc<Self>) {
        loop {
            Timer::after(PERIOD).await;
            self.control.ready().await;
            let messages = self.member.borrow_mut().tick(Instant::now(), self.reached.get());
            messages.into_iter().for_each(|message| self.outgoing.push(message));
        }
    }

    /// Keeps a connection to the broker, for ever.
    async fn keep_connected(self: Rc<Self>) {
        let (first, longest) = PAUSES;
        let mut pause = first;
        loop {
            let will = self.member.borrow().topics().presence();
            let connected = within(CONNECT_WITHIN, self.settings.connect(&self.name, will)).await;
            match connected.unwrap_or_else(|| Err("it does not answer".into())) {
                Ok(broker) => {
                    log::info("cluster", "the broker is there");
                    let began = Instant::now();
                    let why = self.serve(broker).await;
                    // A broker serves the last who comes by a name, and need not say why it ends the other connection.
                    let is_brief = began.elapsed() < BRIEF;
                    let hint = if is_brief { "; does another box have the same cluster.name?" } else { "" };
                    log::warn("cluster", format_args!("the broker is lost: {why}{hint}"));
                    pause = if is_brief { (pause * 2).min(longest) } else { first };
                }
                Err(why) => {
                    log::warn("cluster", format_args!("the broker cannot be reached: {why}"));
                    pause = (pause * 2).min(longest);
                }
            }
            Timer::after(pause).await;
        }
    }

    /// Speaks with the broker until that ends; why it did.
    async fn serve(&self, mut broker: Broker) -> String {
        let offered = self.control.with(|control, _, _| control.offered_address());
        let reached = self.address.unwrap_or_else(|| reached(broker.local(), self.binding, offered));
        self.reached.set(reached);
        let messages = self.member.borrow_mut().connect(Instant::now());
        let mut end = messages.iter().try_for_each(|message| broker.send(&packet(message))).err();
        let mut heard = Instant::now();
        while end.is_none() {
            enum Step {
                Said(Message),
                Heard(Result<Box<Packet>, String>),
                Silent,
            }
            let said = async { Step::Said(self.outgoing.next().await) };
            let packet_heard = async { Step::Heard(broker.next().await.map(Box::new)) };
            let silence = async {
                Timer::at(heard + SILENCE).await;
                Step::Silent
            };
            end = match or(said, or(packet_heard, silence)).await {
                Step::Said(message) => broker.send(&packet(&message)).err(),
                Step::Heard(Ok(packet)) => {
                    heard = Instant::now();
                    self.hear(&packet).err()
                }
                Step::Heard(Err(why)) => Some(why),
                Step::Silent => Some("it is silent".into()),
            };
        }
        self.member.borrow_mut().disconnect();
        // What waits is about a connection that is gone.
        while self.outgoing.try_next().is_some() {}
        end.unwrap_or_default()
    }

    fn hear(&self, packet: &Packet) -> Result<(), String> {
        match packet {
            Packet::Publish(Publish { topic, payload, retain, .. }) => {
                match std::str::from_utf8(topic) {
                    Ok(topic) => self.member.borrow_mut().hear(Instant::now(), topic, payload, *retain),
                    Err(_) => count(&self.control.cluster().malformed),
                }
                Ok(())
            }
            Packet::SubAck(SubAck { return_codes, .. }) => {
                let is_refused = |code: &&SubscribeReasonCode| !matches!(code, SubscribeReasonCode::Success(_));
                match return_codes.iter().find(is_refused) {
                    Some(code) => Err(format!("it does not let us hear the others: {code:?}")),
                    None => Ok(()),
                }
            }
            Packet::Disconnect(Disconnect { reason_code: DisconnectReasonCode::SessionTakenOver, .. }) => {
                Err(format!("another box has the name of this one ({}): cluster.name must differ", self.name))
            }
            Packet::Disconnect(Disconnect { reason_code, .. }) => {
                Err(format!("it ends the connection: {reason_code:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// Where others reach sockets of ours that are bound so, by the address from which we reach the broker, or else the one
/// that is `offered` to clients.
fn reached(local: IpAddr, binding: Binding, offered: Option<IpAddr>) -> IpAddr {
    match binding {
        Binding::One(address) => address.into(),
        // The broker is on this machine, where the others are not.
        _ if local.is_loopback() => offered.unwrap_or(local),
        Binding::V4 if local.is_ipv6() => offered.unwrap_or(local),
        Binding::V4 | Binding::All => local,
    }
}

/// What a message is to the broker.
fn packet(message: &Message) -> Packet {
    // Answers to these are not told apart, so they have one number.
    const NUMBER: u16 = 1;
    match message {
        Message::Follow(topics) => {
            let filters = topics.iter().map(|topic| Filter::new(topic, QoS::AtMostOnce)).collect();
            Packet::Subscribe(Subscribe { pkid: NUMBER, filters, properties: None })
        }
        Message::Unfollow(topics) => {
            Packet::Unsubscribe(Unsubscribe { pkid: NUMBER, filters: topics.clone(), properties: None })
        }
        Message::Say(Said { topic, text, kept }) => {
            let expiry = (*kept == Kept::ForAWhile && !text.is_empty()).then_some(EXPIRY_S);
            let properties =
                expiry.map(|_| PublishProperties { message_expiry_interval: expiry, ..PublishProperties::default() });
            let publish = Publish::new(topic, QoS::AtMostOnce, text.clone(), properties);
            Packet::Publish(Publish { retain: *kept != Kept::Not, ..publish })
        }
    }
}

/// What this machine is called, where that can be the name of a box.
fn host_name() -> Result<String, String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    match is_name(&name) {
        true => Ok(name),
        false => Err(format!("cluster.name: this machine is called {name:?}, which no box can be: set the key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_comes_to_an_address_where_others_reach_a_socket() {
        let [cluster, home, loopback, far] =
            ["10.0.0.7", "192.168.1.5", "127.0.0.1", "fd00::7"].map(|text| text.parse::<IpAddr>().unwrap());
        let bound = Binding::One(Ipv4Addr::new(192, 168, 1, 5));
        let cases = [
            (cluster, Binding::All, cluster),
            (cluster, Binding::V4, cluster),
            (cluster, bound, home),
            (loopback, Binding::All, home),
            (far, Binding::All, far),
            (far, Binding::V4, home),
        ];
        for (local, binding, expected) in cases {
            assert_eq!(reached(local, binding, Some(home)), expected, "{local} {binding:?}");
        }
    }
}
