# Another database, or a bridge that came or went.
class roboconf_javaserver::update(
  $runningState = undef,
  Optional[Struct[{
    added     => Optional[Hash],
    removed   => Optional[Hash],
    component => Optional[String],
  }]] $importDiff = undef,
  $ip = undef,
  $httpport = undef,
  $ajpport = undef,
  $heap = undef,
  Hash $oracle = {},
  Optional[Hash] $jmsbridge = undef,
) {
  if $importDiff and $importDiff['component'] == 'Oracle' {
    notify { "databases: ${oracle.keys}": }
  }
}
