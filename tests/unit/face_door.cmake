# The door of the face: routes, queries, credentials, sessions, tokens.
nova_unit(test_gw_route SOURCES test_gw_route.c LINK nova_gateway)
nova_unit(test_gw_creds SOURCES test_gw_creds.c LINK nova_gateway)
nova_unit(test_gw_stream SOURCES test_gw_stream.c LINK nova_gateway)
nova_unit(test_gw_session SOURCES test_gw_session.c LINK nova_gateway)
nova_unit(test_token SOURCES test_token.c LINK nova_token)
