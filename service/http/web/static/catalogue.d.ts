// catalogue.js is made by the server, of service/rendering/words and service/rules (service/http/web/catalogue.py).
declare const catalogue: Catalogue;
export default catalogue;
