//! The start: sockets, shards, the control half, and all of it together until the process is asked to end.

use std::cell::RefCell;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use parlor_core::control::Control;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{self, Media};
use smol::LocalExecutor;
use smol::future::or;

use crate::banner::Banner;
use crate::capture::Captures;
use crate::cluster::Cluster;
use crate::config::{Configuration, MetricsPlace, UnixType};
use crate::control::{Api, ControlTask, Files, Wanted};
use crate::data::{DataChannels, DataForwarder};
use crate::dtls::Handshakes;
use crate::events::Events;
use crate::http::Site;
use crate::identity::Identity;
use crate::listeners::{ADMIN, HTTP, HTTPS, Listeners, Served};
use crate::mdns::{self, Service};
use crate::memory::Tables;
use crate::page::Page;
use crate::pulse::{self, Supervisor};
use crate::random::SystemSource;
use crate::recording::Recordings;
use crate::reload::Reloading;
use crate::rest::Rest;
use crate::rooms::PermanentRooms;
use crate::shard::{self, ShardHandle, ShardThread};
use crate::share::Share;
use crate::signals::{Asked, Asking, End};
use crate::spectrum::Spectra;
use crate::tls::{LocalName, Tls};
use crate::trust::Trust;
use crate::udp::{Binding, Multicast};
use crate::watch::Watch;
use crate::whip::Whip;
use crate::{addresses, core_settings, cpu, log, unix, unix_datagrams};

/// Serves as `configuration` says, with tables in `tables`, until the process is asked to end. `read` reads the
/// configuration again. The error is a sentence for the operator.
pub fn run(
    configuration: &Configuration,
    tables: &'static impl Tables,
    supervisor: impl Supervisor + 'static,
    read: impl Fn() -> Result<Configuration, String>,
) -> Result<End, String> {
    smol::block_on(async {
        let mut asking = Asking::new().map_err(|error| format!("signals cannot be received: {error}"))?;
        let listeners = Listeners::open(&configuration.control)?;
        let addresses = addresses::resolve(&configuration.media.address, &configuration.media.ignore)
            .map_err(|why| format!("media.address: {why}"))?;
        let identity = identity(&configuration.state.directory)?;
        let [unix, admin_unix] = unix_listeners(configuration)?;
        let rooms = permanent_rooms(configuration)?;
        let local = Rc::new(local_name(configuration));
        let tls = listeners.have_tls().then(|| Tls::open(configuration, &local)).transpose()?;
        let trust = tls.as_ref().zip(listeners.address(HTTPS));
        let trust = trust.map(|(tls, https)| Rc::new(Trust::new(tls, &local, https.port())));
        let change = addresses::changes(&configuration.media.address);
        let binding = match addresses[..] {
            [IpAddr::V4(address)] if !change => Binding::One(address),
            _ if addresses.iter().any(IpAddr::is_ipv6) || change && addresses::may_be_ipv6() => Binding::All,
            _ => Binding::V4,
        };
        let multicast = Multicast::of(&configuration.forward)?;
        let shards = start_shards(configuration, tables, (binding, multicast))?;
        let has_secret = !configuration.control.admin_secret.is_empty();
        let banner = Banner {
            local: configuration.mdns.enabled.then(|| local.get()),
            listeners: listeners.addresses().filter(|(key, _)| *key != ADMIN || has_secret).collect(),
            has_page: configuration.control.page,
            fingerprint: trust.as_ref().and_then(|trust| trust.fingerprint()),
            metrics: listeners.address(ADMIN).filter(|_| configuration.control.metrics != MetricsPlace::Off),
            addresses: addresses.clone(),
            media: (configuration.media.port, configuration.media.shards.count()),
            rooms: rooms.all().collect(),
        };

        let control = control_half(configuration, tables, &rooms, &identity, &addresses)?;
        let executor = Rc::new(LocalExecutor::new());
        let (mut threads, mut watched) = (Vec::new(), Vec::new());
        let (mut commands, mut notices, mut queues) = (Vec::new(), Vec::new(), Vec::new());
        let (mut copies, mut recorded_packets) = (Vec::new(), Vec::new());
        for shard in shards {
            let ShardHandle {
                index, commands: sender, notices: receiver, ingress, dtls, copied, recorded, thread, ..
            } = shard;
            copies.extend(copied.map(|copied| (index, copied)));
            recorded_packets.extend(recorded);
            commands.push((sender, ingress));
            notices.push(receiver);
            queues.push(dtls);
            watched.push(thread.watched());
            threads.push(thread);
        }
        let connections = configuration.limits.connections;
        let handshakes = Handshakes::new(&identity, preference(), queues, capacity(configuration))?;
        let events = Events::start(&configuration.events, &executor);
        let captures = Captures::new(&configuration.capture, &configuration.state.directory);
        let spectra = Spectra::new(usize::from(configuration.limits.spectra));
        let directory = &configuration.state.directory;
        let (recordings, ends) = Recordings::start(&configuration.recording, directory, recorded_packets)?;
        let files = Files { rooms, captures, recordings };
        let watch = Watch::new(watched);
        executor.spawn(Rc::clone(&watch).keep()).detach();
        let data = DataChannels::new(&configuration.limits);
        let forwarder = DataForwarder::new(multicast);
        let task = ControlTask::new(control, commands, connections, events, files, (spectra, data, forwarder), watch);
        executor.spawn(Rc::clone(&task).end_recordings(ends)).detach();
        for (index, notices) in notices.into_iter().enumerate() {
            executor.spawn(Rc::clone(&task).listen(index as u8, notices)).detach();
        }
        for (index, copied) in copies {
            executor.spawn(Rc::clone(&task).read_copies(index, copied)).detach();
        }
        executor.spawn(Rc::clone(&task).run_peers(handshakes)).detach();
        executor.spawn(Rc::clone(&task).keep_time()).detach();
        Cluster::start(configuration, binding, &task, &executor)?;
        if change {
            let (names, ignored) = (configuration.media.address.clone(), configuration.media.ignore.clone());
            executor.spawn(Rc::clone(&task).follow_addresses(names, ignored, addresses)).detach();
        }
        let request_bytes = configuration.limits.request_bytes as usize;
        let ended = Rc::clone(&task);
        task.started();
        let service = Service::of(&configuration.control, |key| listeners.address(key));
        let site = Rc::new(Site {
            control: Rc::clone(&task),
            clients: usize::from(connections),
            executor: Rc::clone(&executor),
            request_bytes,
            connections: Default::default(),
        });
        let rest = |api, base_path: &str| {
            Rc::new(Rest::new(api, base_path, Rc::clone(&task), Rc::clone(&executor), request_bytes))
        };
        let clients = rest(Api::Clients, &configuration.control.base_path);
        let administrators = rest(Api::Administrators, &configuration.control.admin_base_path);
        let page = configuration.control.page.then(|| Rc::new(Page::new()));
        let admin_page = configuration.control.admin_page.then(|| Rc::new(Page::of_administrators()));
        let string_ids = configuration.control.string_ids;
        let whip =
            configuration.control.whip.then(|| Whip::open(&task, &executor, request_bytes, string_ids)).flatten();
        let share = Rc::new(Share {
            http: listeners.address(HTTP),
            https: listeners.address(HTTPS),
            is_explained: trust.as_ref().is_some_and(|trust| trust.fingerprint().is_some()),
            addresses: configuration.media.address.clone(),
            ignored: configuration.media.ignore.clone(),
        });
        let served = Served { clients, administrators, whip, page, admin_page, trust, share, tls };
        listeners.serve(&site, &configuration.control, &served);
        let mut unix_paths = Vec::new();
        for (socket, api) in [(unix, Api::Clients), (admin_unix, Api::Administrators)] {
            let Some((path, socket)) = socket else { continue };
            unix_paths.push(path);
            let (control, tasks) = (Rc::clone(&task), Rc::clone(&executor));
            match socket {
                UnixListener::Packets(socket) => {
                    executor.spawn(socket.serve(api, control, tasks, request_bytes)).detach();
                }
                UnixListener::Datagrams(socket) => {
                    executor.spawn(socket.serve(api, control, tasks, request_bytes)).detach();
                }
            }
        }
        if let Some(tls) = &served.tls {
            executor.spawn(Rc::clone(tls).follow()).detach();
        }
        if let Some(service) = service.filter(|_| configuration.mdns.enabled) {
            executor.spawn(mdns::answer(service, local)).detach();
        }
        banner.print();
        log::info("start", format_args!("Parlor {} serves", env!("CARGO_PKG_VERSION")));
        let pulses = threads.iter().map(ShardThread::pulse).collect();
        let supervisor: Rc<RefCell<dyn Supervisor>> = Rc::new(RefCell::new(supervisor));
        executor.spawn(pulse::watch(Rc::clone(&supervisor), pulses)).detach();
        let reloading = Reloading::new(configuration, identity.fingerprint(), read);
        let end = executor.run(serve(&ended, &mut asking, reloading, &supervisor)).await;
        supervisor.borrow_mut().stopping();
        log::info("end", format_args!("asked to end by {end}"));
        executor.run(ended.end(end.signal())).await;
        for path in unix_paths {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
        for thread in threads {
            if !thread.stop() {
                log::error("end", "a media thread had ended by a fault of ours");
            }
        }
        Ok(end)
    })
}

/// Does what signals and administrators ask until the end.
async fn serve(
    task: &Rc<ControlTask>,
    asking: &mut Asking,
    mut reloading: Reloading<impl Fn() -> Result<Configuration, String>>,
    supervisor: &RefCell<dyn Supervisor>,
) -> End {
    enum Step {
        Asked(Asked),
        Wanted(Wanted),
    }
    loop {
        let wanted = async { Step::Wanted(task.wanted().await) };
        match or(async { Step::Asked(asking.next().await) }, wanted).await {
            Step::Asked(Asked::End(end)) => return end,
            Step::Wanted(Wanted::End) => return End::Drained,
            Step::Asked(Asked::Drain) => task.drain(),
            Step::Asked(Asked::Reload) => {
                supervisor.borrow_mut().reloading();
                // What came of it is in the log.
                let _ = reloading.reload(task);
                supervisor.borrow_mut().reloaded();
            }
            Step::Wanted(Wanted::Reload(connection, transaction)) => {
                supervisor.borrow_mut().reloading();
                let outcome = reloading.reload(task);
                supervisor.borrow_mut().reloaded();
                task.tell_reload((connection, &transaction), outcome);
            }
        }
    }
}

/// A Unix socket of either type.
enum UnixListener {
    Packets(unix::Listener),
    Datagrams(unix_datagrams::Listener),
}

/// The sockets of clients and of administrators, with their paths. One in the state directory, which by default nobody
/// asked for, is left out where there can be none: the path is too long, the file system has no sockets, or another
/// server has it.
fn unix_listeners(configuration: &Configuration) -> Result<[Option<(PathBuf, UnixListener)>; 2], String> {
    let control = &configuration.control;
    let bind = |path: &Path| match control.unix_type {
        UnixType::Packets => unix::Listener::bind(path).map(UnixListener::Packets),
        UnixType::Datagrams => unix_datagrams::Listener::bind(path).map(UnixListener::Datagrams),
    };
    let listener = |key: &str, wanted: &Option<PathBuf>| {
        let Some(wanted) = wanted else { return Ok(None) };
        let path = configuration.state.directory.join(wanted);
        match bind(&path) {
            Ok(listener) => Ok(Some((path, listener))),
            Err(error) if wanted.is_relative() => {
                log::warn("unix", format_args!("{key}: cannot listen at {}: {error}", path.display()));
                Ok(None)
            }
            Err(error) => Err(format!("{key}: cannot listen at {}: {error}", path.display())),
        }
    };
    Ok([listener("control.unix", &control.unix)?, listener("control.admin_unix", &control.admin_unix)?])
}

fn local_name(configuration: &Configuration) -> LocalName {
    let label = &configuration.mdns.name;
    if configuration.mdns.enabled { LocalName::wanted(label) } else { LocalName::given(label) }
}

fn identity(directory: &Path) -> Result<Identity, String> {
    let (identity, note) = Identity::open(directory).map_err(|why| {
        format!("state.directory: {why}\nChoose another: --set state.directory=DIRECTORY, or the key in the configuration file.")
    })?;
    if let Some(note) = note {
        log::info("certificate", note);
    }
    Ok(identity)
}

fn start_shards(
    configuration: &Configuration,
    tables: &'static impl Tables,
    (binding, multicast): (Binding, Multicast),
) -> Result<Vec<ShardHandle>, String> {
    let (limits, media) = (configuration.limits, core_settings::media(configuration));
    let copies = configuration.has_copies();
    let recorded_relays = configuration.recording.directory.as_ref().map(|_| limits.relays);
    (0..configuration.media.shards.count())
        .map(|index| {
            let port = configuration.media.port + u16::from(index);
            let remotes = limits.remote_publishers;
            let ingress_ports = configuration.remote.first_port(index, remotes).map(|first| (first, remotes));
            let settings = shard::Settings { index, port, binding, multicast, copies, recorded_relays, ingress_ports };
            shard::start(settings, move |mut port| async move {
                let mut media = Media::new(tables.shard(index, &limits), limits, media, SystemSource::new());
                #[cfg(feature = "count-allocations")]
                let before = crate::allocations::on_this_thread();
                media::run(&mut media, &mut port).await;
                #[cfg(feature = "count-allocations")]
                {
                    let made = crate::allocations::on_this_thread() - before;
                    eprintln!("media-{index}: allocations while running: {made}");
                }
            })
            .map_err(|error| {
                format!("media.port: UDP port {port} cannot be used: {error}\nChoose another: --set media.port=PORT, or the key in the configuration file.")
            })
        })
        .collect()
}

fn control_half(
    configuration: &Configuration,
    tables: &impl Tables,
    rooms: &PermanentRooms,
    identity: &Identity,
    addresses: &[IpAddr],
) -> Result<Control<'static, SystemSource>, String> {
    let shards = configuration.media.shards.count();
    let settings = core_settings::control(configuration, identity.fingerprint(), addresses);
    let memory = tables.control(&configuration.limits, shards);
    let mut control = Control::new(memory, settings, SystemSource::new());
    let kept = rooms.rooms();
    for room in &configuration.rooms {
        let room = kept.iter().find(|kept| kept.room == room.room).unwrap_or(room);
        control
            .add_room(room.clone())
            .map_err(|refusal| format!("room {}: {} ({})", room.room, refusal.reason, refusal.field))?;
    }
    for room in kept.iter().filter(|kept| configuration.rooms.iter().all(|room| room.room != kept.room)) {
        if let Err(refusal) = control.add_room(room.clone()) {
            log::warn("rooms", format_args!("permanent room {}: {}", room.room, refusal.reason));
        }
    }
    Ok(control)
}

fn permanent_rooms(configuration: &Configuration) -> Result<PermanentRooms, String> {
    let configured = configuration.rooms.iter().map(|room| room.room).collect();
    let (rooms, remark) = PermanentRooms::open(&configuration.state.directory, configured)
        .map_err(|why| format!("state.directory: {why}"))?;
    if let Some(remark) = remark {
        log::warn("rooms", remark);
    }
    Ok(rooms)
}

/// All links of all shards.
fn capacity(configuration: &Configuration) -> usize {
    configuration.limits.links() * usize::from(configuration.media.shards.count())
}

/// What protects media, the faster on this CPU first.
fn preference() -> [SrtpProfile; 2] {
    match cpu::preferred_srtp_profile() {
        SrtpProfile::AeadAes128Gcm => [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80],
        SrtpProfile::Aes128CmSha1_80 => [SrtpProfile::Aes128CmSha1_80, SrtpProfile::AeadAes128Gcm],
    }
}
